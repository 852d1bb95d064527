// CUDA kernels of the engine, float32. Each has a numpy twin (numpy_activations, numpy_losses, numpy_updates) and the same formulas.
// Compiled at run time by NVRTC without any header; the tests also compile this file as C++ for the processor, one thread a block, WARP 1.
// Sums run in a fixed order: the same input gives the same bits twice. `status` is {bad, finished steps}; once bad, no update is applied.

#ifndef WARP
#define WARP 32
#endif
#define EACH(i, n) for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < (n); i += (long long)gridDim.x * blockDim.x)

// The order of spec.activations.ELEMENTWISE.
enum Kind { LINEAR, RELU, LEAKY_RELU, RELU6, ELU, GELU, GELU_TANH, SILU, HARDSWISH, SOFTPLUS, SIGMOID, TANH, SIN };
// The order of constants.NAMES.
enum Constant { RATE, DECAY1, GAIN1, DECAY2, GAIN2, EPSILON, KEEP, L1, L2, SHRINK, CLIP, SCALE, CONSTANTS };

#define LOWEST -3.402823466e38f
#define LEAK 0.01f
#define GELU_K 0.7978845608028654f
#define GELU_C 0.044715f

static __device__ float sigmoid(float z) { return 1.0f / (1.0f + expf(-z)); }
static __device__ float hard_gate(float z) { return fminf(fmaxf(z + 3.0f, 0.0f), 6.0f) * (1.0f / 6.0f); }
static __device__ float sign(float x) { return (float)((x > 0.0f) - (x < 0.0f)); }
static __device__ bool is_finite(float x) { return x - x == 0.0f; }

// Sum or maximum over the block, in every thread. `part` holds one number a warp.
static __device__ float block_reduce(float x, bool maximum)
{
    __shared__ float part[1024 / WARP];
    for (int s = WARP / 2; s > 0; s >>= 1) {
        float y = __shfl_down_sync(0xffffffffu, x, s);
        x = maximum ? fmaxf(x, y) : x + y;
    }
    if (threadIdx.x % WARP == 0) part[threadIdx.x / WARP] = x;
    __syncthreads();
    float total = part[0];
    for (int k = 1; k < (int)blockDim.x / WARP; ++k) total = maximum ? fmaxf(total, part[k]) : total + part[k];
    __syncthreads();
    return total;
}

static __device__ float activation(int kind, float z)
{
    switch (kind) {
    case RELU: return z > 0.0f ? z : (z == z ? 0.0f : z);
    case LEAKY_RELU: return z > 0.0f ? z : LEAK * z;
    case RELU6: return z > 0.0f ? fminf(z, 6.0f) : (z == z ? 0.0f : z);
    case ELU: return z > 0.0f ? z : expm1f(z);
    case GELU: return 0.5f * z * erfcf(z * -0.70710678f);
    case GELU_TANH: return 0.5f * z * (1.0f + tanhf(GELU_K * z * (1.0f + GELU_C * z * z)));
    case SILU: return z * sigmoid(z);
    case HARDSWISH: return z * hard_gate(z);
    case SOFTPLUS: return fmaxf(z, 0.0f) + log1pf(expf(-fabsf(z)));
    case SIGMOID: return sigmoid(z);
    case TANH: return tanhf(z);
    case SIN: return sinf(z);
    default: return z;
    }
}

static __device__ float slope(int kind, float z, float a)
{
    switch (kind) {
    case RELU: return sign(a);
    case LEAKY_RELU: return a > 0.0f ? 1.0f : LEAK;
    case RELU6: return a < 6.0f ? sign(a) : 0.0f;
    case ELU: return fminf(a, 0.0f) + 1.0f;
    case GELU: return 0.5f * erfcf(z * -0.70710678f) + z * 0.39894228f * expf(-0.5f * z * z);
    case GELU_TANH: {
        float t = tanhf(GELU_K * z * (1.0f + GELU_C * z * z));
        return 0.5f * (1.0f + t + z * (1.0f - t * t) * GELU_K * (1.0f + 3.0f * GELU_C * z * z));
    }
    case SILU: { float s = sigmoid(z); return s * (1.0f + z * (1.0f - s)); }
    case HARDSWISH: return hard_gate(z) + (fabsf(z) < 3.0f ? z * (1.0f / 6.0f) : 0.0f);
    case SOFTPLUS: return -expm1f(-a);
    case SIGMOID: return a * (1.0f - a);
    case TANH: return 1.0f - a * a;
    case SIN: return cosf(z);
    default: return 1.0f;
    }
}

extern "C" {

// The step's constants arrive as arguments, by value: a copy from host memory could be overtaken by the next step's.
__global__ void set_constants(float* c, float c0, float c1, float c2, float c3, float c4, float c5, float c6, float c7, float c8, float c9,
                              float c10, float c11)
{
    float value[CONSTANTS] = {c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11};
    EACH(i, CONSTANTS) c[i] = value[i];
}

// out[r] = source[index[r]]
__global__ void take_rows(const float* source, const long long* index, float* out, long long n, int width)
{
    EACH(i, n) out[i] = source[index[i / width] * width + i % width];
}

__global__ void multiply(const float* a, const float* mask, float* out, long long n) { EACH(i, n) out[i] = a[i] * mask[i]; }

// out = x, or out += x
__global__ void pass_on(const float* x, float* out, long long n, int add) { EACH(i, n) out[i] = add ? out[i] + x[i] : x[i]; }

// out[:, j] = x[:, order[j]], or out += it; rows of both have `width` numbers.
__global__ void take_columns(const float* x, const int* order, float* out, long long n, int width, int add)
{
    EACH(i, n) {
        float taken = x[i / width * width + order[i % width]];
        out[i] = add ? out[i] + taken : taken;
    }
}

// Rows of `width` numbers become columns of rows of `total`, from column `first` on.
__global__ void write_columns(const float* x, float* out, long long n, int first, int width, int total)
{
    EACH(i, n) out[i / width * total + first + i % width] = x[i];
}

// The reverse: out = those columns, or out += them.
__global__ void read_columns(const float* x, float* out, long long n, int first, int width, int total, int add)
{
    EACH(i, n) {
        float d = x[i / width * total + first + i % width];
        out[i] = add ? out[i] + d : d;
    }
}

// z += b; a = f(z). z and a may be one array.
__global__ void bias_activate(int kind, float* z, const float* b, float* a, long long n, int width)
{
    EACH(i, n) {
        float x = z[i] + b[i % width];
        z[i] = x;
        a[i] = activation(kind, x);
    }
}

__global__ void activate_backward(int kind, float* d, const float* z, const float* a, long long n) { EACH(i, n) d[i] *= slope(kind, z[i], a[i]); }

// One block a row: z += b; a = softmax(z).
__global__ void bias_softmax(float* z, const float* b, float* a, int rows, int width)
{
    for (int row = blockIdx.x; row < rows; row += gridDim.x) {
        float *zr = z + (long long)row * width, *ar = a + (long long)row * width, top = LOWEST, sum = 0.0f;
        for (int i = threadIdx.x; i < width; i += blockDim.x) top = fmaxf(top, zr[i] += b[i]);
        top = block_reduce(top, true);
        for (int i = threadIdx.x; i < width; i += blockDim.x) sum += ar[i] = expf(zr[i] - top);
        sum = block_reduce(sum, false);
        for (int i = threadIdx.x; i < width; i += blockDim.x) ar[i] /= sum;
    }
}

// d = a (d - sum d a)
__global__ void softmax_backward(float* d, const float* a, int rows, int width)
{
    for (int row = blockIdx.x; row < rows; row += gridDim.x) {
        float* dr = d + (long long)row * width;
        const float* ar = a + (long long)row * width;
        float sum = 0.0f;
        for (int i = threadIdx.x; i < width; i += blockDim.x) sum += dr[i] * ar[i];
        sum = block_reduce(sum, false);
        for (int i = threadIdx.x; i < width; i += blockDim.x) dr[i] = ar[i] * (dr[i] - sum);
    }
}

// One block a row: a = softmax(z), d = (a - t) / rows, term[row] = -sum t log a.
__global__ void softmax_cross_entropy(const float* z, const float* t, float* a, float* d, float* term, int rows, int width)
{
    for (int row = blockIdx.x; row < rows; row += gridDim.x) {
        long long at = (long long)row * width;
        float top = LOWEST, sum = 0.0f, hit = 0.0f;
        for (int i = threadIdx.x; i < width; i += blockDim.x) top = fmaxf(top, z[at + i]);
        top = block_reduce(top, true);
        for (int i = threadIdx.x; i < width; i += blockDim.x) {
            float shifted = z[at + i] - top;
            hit += shifted * t[at + i];
            sum += a[at + i] = expf(shifted);
        }
        sum = block_reduce(sum, false);
        hit = block_reduce(hit, false);
        for (int i = threadIdx.x; i < width; i += blockDim.x) {
            float p = a[at + i] / sum;
            a[at + i] = p;
            d[at + i] = (p - t[at + i]) / rows;
        }
        if (threadIdx.x == 0) term[row] = logf(sum) - hit;
    }
}

__global__ void sigmoid_bce(const float* z, const float* t, float* a, float* d, float* term, long long n)
{
    EACH(i, n) {
        float x = z[i], p = sigmoid(x);
        term[i] = fmaxf(x, 0.0f) - x * t[i] + log1pf(expf(-fabsf(x)));
        a[i] = p;
        d[i] = (p - t[i]) / n;
    }
}

// d = share (a - t); term = (a - t)^2
__global__ void squared(const float* a, const float* t, float* d, float* term, long long n, float share)
{
    EACH(i, n) {
        float e = a[i] - t[i];
        term[i] = e * e;
        d[i] = share * e;
    }
}

__global__ void huber(const float* a, const float* t, float* d, float* term, long long n, float delta, float share)
{
    EACH(i, n) {
        float e = a[i] - t[i], c = e > delta ? delta : (e < -delta ? -delta : e);
        term[i] = c * (e - 0.5f * c);
        d[i] = share * c;
    }
}

// f = t . v + base, the weight of a row's class
__global__ void weigh(const float* t, const float* v, float base, float* f, int rows, int width)
{
    EACH(row, rows) {
        float w = base;
        for (int i = 0; i < width; ++i) w += t[row * width + i] * v[i];
        f[row] = w;
    }
}

// x *= f, row by row
__global__ void scale_rows(float* x, const float* f, long long n, int width)
{
    EACH(i, n) x[i] *= f[i / width];
}

// One block: cell[0] = factor * sum term
__global__ void total(const float* term, float* cell, long long n, float factor)
{
    float sum = 0.0f;
    for (long long i = threadIdx.x; i < n; i += blockDim.x) sum += term[i];
    sum = block_reduce(sum, false);
    if (threadIdx.x == 0) cell[0] = sum * factor;
}

__global__ void regularize(const float* w, float* dw, const float* c, int l1, int l2, long long n)
{
    EACH(i, n) {
        float g = dw[i];
        if (l2) g += c[L2] * w[i];
        if (l1) g += c[L1] * sign(w[i]);
        dw[i] = g;
    }
}

__global__ void squares(const float* g, float* part, long long n)
{
    float sum = 0.0f;
    EACH(i, n) sum += g[i] * g[i];
    sum = block_reduce(sum, false);
    if (threadIdx.x == 0) part[blockIdx.x] = sum;
}

// One block. Loss and gradient norm finite? report = {loss of the last finished step, loss of this step}.
__global__ void judge(const float* part, int parts, const float* cell, float* c, int clip, int* status, float* report)
{
    float sum = 0.0f;
    for (int i = threadIdx.x; i < parts; i += blockDim.x) sum += part[i];
    sum = block_reduce(sum, false);
    if (threadIdx.x != 0) return;
    if (status[0]) {
        status[0] = 1;
        return;
    }
    if (!is_finite(sum) || !is_finite(cell[0])) status[0] = 1;
    c[SCALE] = clip ? fminf(1.0f, c[CLIP] / (sqrtf(sum) + 1e-6f)) : 1.0f;
    report[1] = cell[0];
}

// An element that would overflow keeps its old values and marks the step as bad (2 while its other elements finish; then 1).
#define UPDATE(STEP)                                                                                                                          \
    if (status[0] == 1) return;                                                                                                               \
    EACH(i, n) {                                                                                                                              \
        float x = p[i], q = g[i] * c[SCALE];                                                                                                  \
        before[i] = x;                                                                                                                        \
        STEP                                                                                                                                  \
    }

__global__ void update_sgd(float* p, const float* g, float* before, const float* c, int* status, long long n)
{
    UPDATE(x -= c[RATE] * q; if (is_finite(x)) p[i] = x; else status[0] = 2;)
}

__global__ void update_momentum(float* p, const float* g, float* b, float* before, const float* c, int* status, long long n)
{
    UPDATE(float m = c[DECAY1] * b[i] + q; x -= c[RATE] * m;
           if (is_finite(x) && is_finite(m)) { p[i] = x; b[i] = m; } else status[0] = 2;)
}

__global__ void update_nesterov(float* p, const float* g, float* b, float* before, const float* c, int* status, long long n)
{
    UPDATE(float m = c[DECAY1] * b[i] + q; x -= c[RATE] * (q + c[DECAY1] * m);
           if (is_finite(x) && is_finite(m)) { p[i] = x; b[i] = m; } else status[0] = 2;)
}

__global__ void update_rmsprop(float* p, const float* g, float* v, float* before, const float* c, int* status, long long n)
{
    UPDATE(float s = c[DECAY2] * v[i] + c[GAIN2] * (q * q); x -= c[RATE] * (q / (sqrtf(s) + c[EPSILON]));
           if (is_finite(x) && is_finite(s)) { p[i] = x; v[i] = s; } else status[0] = 2;)
}

// adam and adamw: keep is 1 for adam.
__global__ void update_adam(float* p, const float* g, float* m, float* v, float* before, const float* c, int* status, long long n)
{
    UPDATE(float f = c[DECAY1] * m[i] + c[GAIN1] * q; float s = c[DECAY2] * v[i] + c[GAIN2] * (q * q);
           x = x * c[KEEP] - c[RATE] * (f / (sqrtf(s) + c[EPSILON]));
           if (is_finite(x) && is_finite(f) && is_finite(s)) { p[i] = x; m[i] = f; v[i] = s; } else status[0] = 2;)
}

// Playground's L1: a weight that it carries through 0 becomes 0 and stays 0.
__global__ void shrink(float* w, const float* before, float* alive, const float* c, const int* status, long long n)
{
    if (status[0]) return;
    EACH(i, n) {
        float x = w[i] - c[SHRINK] * sign(before[i]);
        if (x * w[i] < 0.0f) alive[i] = 0.0f;
        w[i] = x * alive[i];
    }
}

__global__ void finish_step(int* status, float* report)
{
    if (blockIdx.x || threadIdx.x || status[0]) return;
    status[1] += 1;
    report[0] = report[1];
}

} // extern "C"
