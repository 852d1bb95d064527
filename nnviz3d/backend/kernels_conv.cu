// Kernels of windows that slide over maps: convolutions and pools. Twins: numpy_conv.ConvOps, numpy_pool.PoolOps.
// Each number of a result has one thread, or one block, that adds up all its parts in the order of reading: no atomics, the same bits twice.
// `g` is a window's geometry in the order of kernel_conv.geometry. Cells in the padding take no part.

struct Windows { int channels, rows, columns, kr, kc, sr, sc, top, left, dr, dc, pr, pc; };

static __device__ Windows windows(const int* g)
{
    Windows w = {g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7], g[8], g[9], g[10], g[11], g[12]};
    return w;
}

static __device__ bool within(int k, int n) { return k >= 0 && k < n; }

// Which window has cell `at` of the map as its own cell `k`; -1: none has.
static __device__ int window_at(int at, int before, int k, int dilation, int stride, int places)
{
    int begin = at + before - k * dilation;
    return begin < 0 || begin % stride || begin / stride >= places ? -1 : begin / stride;
}

// How many cells of window p lie on a map of n.
static __device__ int cells_within(int p, int stride, int before, int k, int dilation, int n)
{
    int count = 0;
    for (int i = 0; i < k; ++i) count += within(p * stride - before + i * dilation, n);
    return count;
}

// The first of the largest cells of a window, as its place on the map.
static __device__ int winner(const float* map, const Windows& w, int r, int c)
{
    int best = -1;
    for (int i = 0; i < w.kr; ++i)
        for (int j = 0; j < w.kc; ++j) {
            int row = r * w.sr - w.top + i, column = c * w.sc - w.left + j;
            if (!within(row, w.rows) || !within(column, w.columns)) continue;
            int at = row * w.columns + column;
            if (best < 0 || map[at] > map[best] || (map[at] != map[at] && map[best] == map[best])) best = at;
        }
    return best;
}

extern "C" {

// z = w * x + b
__global__ void convolve(const float* x, const float* weight, const float* bias, float* z, const int* g, int out, int groups, long long n)
{
    Windows w = windows(g);
    int inputs = w.channels / groups, cells = w.pr * w.pc;
    EACH(e, n) {
        int c = e % w.pc, r = e / w.pc % w.pr, o = e / cells % out;
        const float* maps = x + (e / cells / out * w.channels + o / (out / groups) * inputs) * w.rows * w.columns;
        const float* own = weight + (long long)o * inputs * w.kr * w.kc;
        float sum = bias[o];
        for (int i = 0; i < inputs; ++i)
            for (int k = 0; k < w.kr; ++k) {
                int row = r * w.sr - w.top + k * w.dr;
                if (!within(row, w.rows)) continue;
                for (int l = 0; l < w.kc; ++l) {
                    int column = c * w.sc - w.left + l * w.dc;
                    if (within(column, w.columns)) sum += own[(i * w.kr + k) * w.kc + l] * maps[(i * w.rows + row) * w.columns + column];
                }
            }
        z[e] = sum;
    }
}

// One block for each weight, then one for each bias: dw = sum of d x over the batch and all windows, db = sum of d.
__global__ void convolution_gradients(const float* d, const float* x, float* dw, float* db, const int* g, int out, int groups, int batch)
{
    Windows w = windows(g);
    int inputs = w.channels / groups, cells = w.pr * w.pc, weights = out * inputs * w.kr * w.kc;
    for (int e = blockIdx.x; e < weights + out; e += gridDim.x) {
        bool bias = e >= weights;
        int l = e % w.kc, k = e / w.kc % w.kr, i = e / (w.kc * w.kr) % inputs, o = bias ? e - weights : e / (w.kc * w.kr * inputs);
        int channel = o / (out / groups) * inputs + i;
        float sum = 0.0f;
        for (long long m = threadIdx.x; m < (long long)batch * cells; m += blockDim.x) {
            long long b = m / cells;
            int cell = m % cells, row = cell / w.pc * w.sr - w.top + k * w.dr, column = cell % w.pc * w.sc - w.left + l * w.dc;
            float delta = d[(b * out + o) * cells + cell];
            if (bias) sum += delta;
            else if (within(row, w.rows) && within(column, w.columns))
                sum += delta * x[((b * w.channels + channel) * w.rows + row) * w.columns + column];
        }
        sum = block_reduce(sum, false);
        if (threadIdx.x == 0) (bias ? db[o] : dw[e]) = sum;
    }
}

// dx = d by the weights of all windows that a cell is in; or dx += it
__global__ void convolution_back(const float* d, const float* weight, float* dx, const int* g, int out, int groups, long long n, int add)
{
    Windows w = windows(g);
    int inputs = w.channels / groups, part = out / groups, cells = w.pr * w.pc;
    EACH(e, n) {
        int column = e % w.columns, row = e / w.columns % w.rows, channel = e / (w.rows * w.columns) % w.channels;
        long long b = e / (w.rows * w.columns) / w.channels;
        int first = channel / inputs * part, i = channel % inputs;
        float sum = 0.0f;
        for (int k = 0; k < w.kr; ++k) {
            int r = window_at(row, w.top, k, w.dr, w.sr, w.pr);
            if (r < 0) continue;
            for (int l = 0; l < w.kc; ++l) {
                int c = window_at(column, w.left, l, w.dc, w.sc, w.pc);
                if (c < 0) continue;
                for (int o = first; o < first + part; ++o)
                    sum += d[(b * out + o) * cells + r * w.pc + c] * weight[((o * inputs + i) * w.kr + k) * w.kc + l];
            }
        }
        dx[e] = add ? dx[e] + sum : sum;
    }
}

// y = the largest of each window
__global__ void max_pool(const float* x, float* y, const int* g, long long n)
{
    Windows w = windows(g);
    EACH(e, n) {
        const float* map = x + e / (w.pr * w.pc) * w.rows * w.columns;
        y[e] = map[winner(map, w, e / w.pc % w.pr, e % w.pc)];
    }
}

// dx = d of all windows whose winner a cell is; or dx += it
__global__ void max_pool_back(const float* d, const float* x, float* dx, const int* g, long long n, int add)
{
    Windows w = windows(g);
    int size = w.rows * w.columns;
    EACH(e, n) {
        long long channel = e / size;
        int at = e % size;
        const float* map = x + channel * size;
        float sum = 0.0f;
        for (int k = 0; k < w.kr; ++k) {
            int r = window_at(at / w.columns, w.top, k, 1, w.sr, w.pr);
            for (int l = 0; l < w.kc && r >= 0; ++l) {
                int c = window_at(at % w.columns, w.left, l, 1, w.sc, w.pc);
                if (c >= 0 && winner(map, w, r, c) == at) sum += d[(channel * w.pr + r) * w.pc + c];
            }
        }
        dx[e] = add ? dx[e] + sum : sum;
    }
}

// y = the mean of the cells of each window that lie on the map
__global__ void average_pool(const float* x, float* y, const int* g, long long n)
{
    Windows w = windows(g);
    EACH(e, n) {
        const float* map = x + e / (w.pr * w.pc) * w.rows * w.columns;
        float sum = 0.0f;
        int count = 0;
        for (int i = 0; i < w.kr; ++i)
            for (int j = 0; j < w.kc; ++j) {
                int row = (int)(e / w.pc % w.pr) * w.sr - w.top + i, column = (int)(e % w.pc) * w.sc - w.left + j;
                if (!within(row, w.rows) || !within(column, w.columns)) continue;
                sum += map[row * w.columns + column];
                ++count;
            }
        y[e] = sum / (float)count;
    }
}

// dx = the shares of all windows that a cell is in; or dx += them
__global__ void average_pool_back(const float* d, float* dx, const int* g, long long n, int add)
{
    Windows w = windows(g);
    int size = w.rows * w.columns;
    EACH(e, n) {
        long long channel = e / size;
        int at = e % size;
        float sum = 0.0f;
        for (int k = 0; k < w.kr; ++k) {
            int r = window_at(at / w.columns, w.top, k, 1, w.sr, w.pr);
            for (int l = 0; l < w.kc && r >= 0; ++l) {
                int c = window_at(at % w.columns, w.left, l, 1, w.sc, w.pc);
                if (c < 0) continue;
                int count = cells_within(r, w.sr, w.top, w.kr, 1, w.rows) * cells_within(c, w.sc, w.left, w.kc, 1, w.columns);
                sum += d[(channel * w.pr + r) * w.pc + c] / (float)count;
            }
        }
        dx[e] = add ? dx[e] + sum : sum;
    }
}

// One block for each y: the mean of so many numbers after each other
__global__ void means(const float* x, float* y, int cells, int n)
{
    for (int e = blockIdx.x; e < n; e += gridDim.x) {
        float sum = 0.0f;
        for (int i = threadIdx.x; i < cells; i += blockDim.x) sum += x[(long long)e * cells + i];
        sum = block_reduce(sum, false);
        if (threadIdx.x == 0) y[e] = sum / (float)cells;
    }
}

// dx = d / cells for each of them; or dx += it
__global__ void means_back(const float* d, float* dx, int cells, long long n, int add)
{
    EACH(i, n) {
        float share = d[i / cells] / (float)cells;
        dx[i] = add ? dx[i] + share : share;
    }
}

} // extern "C"
