// CUDA kernels of sequences, float32: rows of tables, attention, cross-entropy over scored tokens. Twins of numpy_tokens.

extern "C" {

__global__ void fill(float* x, float value, long long n) { EACH(i, n) x[i] = value; }

// out = x + row, wherever the row comes again.
__global__ void add_row(const float* x, const float* row, float* out, long long n, int width) { EACH(i, n) out[i] = x[i] + row[i % width]; }

// out = x row, wherever the row comes again.
__global__ void times_row(const float* x, const float* row, float* out, long long n, int width) { EACH(i, n) out[i] = x[i] * row[i % width]; }

static __device__ int token_row(float id, int vocabulary) { return id < 0.0f ? 0 : (id >= (float)vocabulary ? vocabulary - 1 : (int)id); }

// out[t] = w[id of t]
__global__ void embed(const float* ids, const float* w, float* out, long long n, int width, int vocabulary)
{
    EACH(i, n) out[i] = w[(long long)token_row(ids[i / width], vocabulary) * width + i % width];
}

// dw[row] = the sum of d over the places of its number, in their order: one thread for each weight, so that no two write to one.
__global__ void embed_gradient(const float* ids, const float* d, float* dw, long long places, int width, int vocabulary)
{
    EACH(i, (long long)vocabulary * width) {
        int row = (int)(i / width), feature = (int)(i % width);
        float sum = 0.0f;
        for (long long t = 0; t < places; ++t)
            if (token_row(ids[t], vocabulary) == row) sum += d[t * width + feature];
        dw[i] = sum;
    }
}

// out = x cos + x' sin; x' has the halves of each head exchanged.
__global__ void rotate(const float* x, const float* cosine, const float* sine, float* out, long long n, int width, int total)
{
    EACH(i, n) {
        long long first = i - i % width;
        long long other = first + (i % width + width / 2) % width;
        out[i] = x[i] * cosine[i % total] + x[other] * sine[i % total];
    }
}

// One block a row: a = softmax(x) over the first cells of the row; with causal up to the diagonal, and 0 behind it.
__global__ void row_softmax(const float* x, float* a, int rows, int width, int causal)
{
    for (int row = blockIdx.x; row < rows; row += gridDim.x) {
        long long at = (long long)row * width;
        int seen = causal ? row % width + 1 : width;
        float top = LOWEST, sum = 0.0f;
        for (int i = threadIdx.x; i < seen; i += blockDim.x) top = fmaxf(top, x[at + i]);
        top = block_reduce(top, true);
        for (int i = threadIdx.x; i < seen; i += blockDim.x) sum += a[at + i] = expf(x[at + i] - top);
        sum = block_reduce(sum, false);
        for (int i = threadIdx.x; i < width; i += blockDim.x) a[at + i] = i < seen ? a[at + i] / sum : 0.0f;
    }
}

// c = a b for each sample and head: (B, H, I, K) (B, H, K, J), each array seen by its strides. One thread for each number of c.
__global__ void heads_product(const float* a, int ab, int ah, int ai, int ak, const float* b, int bb, int bh, int bk, int bj, float* c, int cb,
                              int ch, int ci, int cj, long long n, int heads, int rows, int inner, int columns)
{
    EACH(i, n) {
        int j = (int)(i % columns), row = (int)(i / columns % rows), head = (int)(i / columns / rows % heads);
        long long sample = i / columns / rows / heads;
        const float* left = a + sample * ab + (long long)head * ah + (long long)row * ai;
        const float* right = b + sample * bb + (long long)head * bh + (long long)j * bj;
        float sum = 0.0f;
        for (int k = 0; k < inner; ++k) sum += left[(long long)k * ak] * right[(long long)k * bk];
        c[sample * cb + (long long)head * ch + (long long)row * ci + (long long)j * cj] = sum;
    }
}

// One block: share[0] = 1 / scored tokens, at least one.
__global__ void count_scored(const float* t, float* share, long long n)
{
    float sum = 0.0f;
    for (long long i = threadIdx.x; i < n; i += blockDim.x) sum += t[i] >= 0.0f ? 1.0f : 0.0f;
    sum = block_reduce(sum, false);
    if (threadIdx.x == 0) share[0] = 1.0f / fmaxf(sum, 1.0f);
}

// One block a token: a = softmax(z); where it is scored d = (a - 1 at its class) share and term = -log a share, else 0.
__global__ void token_cross_entropy(const float* z, const float* t, float* a, float* d, float* term, const float* share, int rows, int width)
{
    for (int row = blockIdx.x; row < rows; row += gridDim.x) {
        long long at = (long long)row * width;
        float top = LOWEST, sum = 0.0f, factor = t[row] >= 0.0f ? share[0] : 0.0f;
        int hit = t[row] >= 0.0f ? (int)t[row] : 0;
        for (int i = threadIdx.x; i < width; i += blockDim.x) top = fmaxf(top, z[at + i]);
        top = block_reduce(top, true);
        for (int i = threadIdx.x; i < width; i += blockDim.x) sum += a[at + i] = expf(z[at + i] - top);
        sum = block_reduce(sum, false);
        for (int i = threadIdx.x; i < width; i += blockDim.x) {
            float p = a[at + i] / sum;
            a[at + i] = p;
            d[at + i] = (p - (i == hit ? 1.0f : 0.0f)) * factor;
        }
        if (threadIdx.x == 0) term[row] = (logf(sum) + top - z[at + hit]) * factor;
    }
}

} // extern "C"
