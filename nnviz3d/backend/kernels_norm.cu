// Kernels of normalisation, and of numbers that a step keeps without learning them. Twins: numpy_norm.NormOps, numpy_ops (watch, keep).

extern "C" {

// One block: where a number that the step would keep is not finite, neither is its loss.
__global__ void watch(const float* kept, float* cell, long long n)
{
    float sum = 0.0f;
    for (long long i = threadIdx.x; i < n; i += blockDim.x) sum += kept[i] * 0.0f;
    sum = block_reduce(sum, false);
    if (threadIdx.x == 0) cell[0] += sum;
}

// before = p, p = made, unless a step was not finite.
__global__ void keep(float* p, const float* made, float* before, const int* status, long long n)
{
    if (status[0]) return;
    EACH(i, n) {
        before[i] = p[i];
        p[i] = made[i];
    }
}

// By channel. Arrays are (rows, channels, places); one block a channel: mean, variance (1/n), 1 / sqrt(variance + eps).
__global__ void channel_statistics(const float* x, float* mean, float* variance, float* inverse, int rows, int channels, int places, float eps)
{
    long long count = (long long)rows * places;
    for (int c = blockIdx.x; c < channels; c += gridDim.x) {
        float sum = 0.0f, square = 0.0f;
        for (long long i = threadIdx.x; i < count; i += blockDim.x) sum += x[(i / places * channels + c) * places + i % places];
        float m = block_reduce(sum, false) / count;
        for (long long i = threadIdx.x; i < count; i += blockDim.x) {
            float e = x[(i / places * channels + c) * places + i % places] - m;
            square += e * e;
        }
        float v = block_reduce(square, false) / count;
        if (threadIdx.x == 0) {
            mean[c] = m;
            variance[c] = v;
            inverse[c] = 1.0f / sqrtf(v + eps);
        }
    }
}

__global__ void inverse_deviation(const float* variance, float* inverse, int n, float eps) { EACH(i, n) inverse[i] = 1.0f / sqrtf(variance[i] + eps); }

// made = old_share old + batch_share batch
__global__ void running(const float* old, const float* batch, float* made, int n, float old_share, float batch_share)
{
    EACH(i, n) made[i] = old_share * old[i] + batch_share * batch[i];
}

// z = (x - mean) inverse w + b
__global__ void channel_scale(const float* x, const float* mean, const float* inverse, const float* w, const float* b, float* z, long long n,
                              int channels, int places)
{
    EACH(i, n) {
        int c = i / places % channels;
        z[i] = (x[i] - mean[c]) * (inverse[c] * w[c]) + b[c];
    }
}

// One block a channel: sums of d, and of d (x - mean).
__global__ void channel_sums(const float* d, const float* x, const float* mean, float* sum, float* along, int rows, int channels, int places)
{
    long long count = (long long)rows * places;
    for (int c = blockIdx.x; c < channels; c += gridDim.x) {
        float s = 0.0f, t = 0.0f;
        for (long long i = threadIdx.x; i < count; i += blockDim.x) {
            long long at = (i / places * channels + c) * places + i % places;
            s += d[at];
            t += d[at] * (x[at] - mean[c]);
        }
        s = block_reduce(s, false);
        t = block_reduce(t, false);
        if (threadIdx.x == 0) {
            sum[c] = s;
            along[c] = t;
        }
    }
}

__global__ void channel_gradients(const float* sum, const float* along, const float* inverse, float* dw, float* db, int n)
{
    EACH(i, n) {
        dw[i] = along[i] * inverse[i];
        db[i] = sum[i];
    }
}

// dx = w inverse (d - mean of d - (x - mean) inverse^2 mean of d (x - mean)); with `fixed` statistics w inverse d.
__global__ void channel_backward(const float* d, const float* x, const float* mean, const float* inverse, const float* w, const float* sum,
                                 const float* along, float* dx, long long n, int channels, int places, float share, int fixed, int add)
{
    EACH(i, n) {
        int c = i / places % channels;
        float g = d[i];
        if (!fixed) g -= share * sum[c] + (x[i] - mean[c]) * (inverse[c] * inverse[c] * share * along[c]);
        g *= w[c] * inverse[c];
        dx[i] = add ? dx[i] + g : g;
    }
}

// By row, one block each: normal = (x - mean) / sqrt(variance + eps), z = normal w + b; without `centre` mean and b are left out.
__global__ void row_norm(const float* x, const float* w, const float* b, float* normal, float* mean, float* variance, float* inverse, float* z,
                         int rows, int width, float eps, int centre)
{
    for (int row = blockIdx.x; row < rows; row += gridDim.x) {
        long long at = (long long)row * width;
        float sum = 0.0f, square = 0.0f, m = 0.0f;
        if (centre) {
            for (int i = threadIdx.x; i < width; i += blockDim.x) sum += x[at + i];
            m = block_reduce(sum, false) / width;
        }
        for (int i = threadIdx.x; i < width; i += blockDim.x) square += (x[at + i] - m) * (x[at + i] - m);
        float v = block_reduce(square, false) / width, k = 1.0f / sqrtf(v + eps);
        for (int i = threadIdx.x; i < width; i += blockDim.x) {
            float h = (x[at + i] - m) * k;
            normal[at + i] = h;
            z[at + i] = centre ? h * w[i] + b[i] : h * w[i];
        }
        if (threadIdx.x == 0) {
            mean[row] = m;
            variance[row] = v;
            inverse[row] = k;
        }
    }
}

// One thread a column, rows in their order.
__global__ void row_gradients(const float* d, const float* normal, float* dw, float* db, int rows, int width, int centre)
{
    EACH(i, width) {
        float s = 0.0f, t = 0.0f;
        for (int row = 0; row < rows; ++row) {
            float g = d[(long long)row * width + i];
            s += g * normal[(long long)row * width + i];
            t += g;
        }
        dw[i] = s;
        if (centre) db[i] = t;
    }
}

// One block a row: dx = inverse (d w - mean of d w - normal mean of (d w normal)).
__global__ void row_backward(const float* d, const float* w, const float* normal, const float* inverse, float* back, float* along, float* dx,
                             int rows, int width, int centre, int add)
{
    for (int row = blockIdx.x; row < rows; row += gridDim.x) {
        long long at = (long long)row * width;
        float s = 0.0f, t = 0.0f;
        for (int i = threadIdx.x; i < width; i += blockDim.x) {
            float g = d[at + i] * w[i];
            s += g;
            t += g * normal[at + i];
        }
        s = centre ? block_reduce(s, false) / width : 0.0f;
        t = block_reduce(t, false) / width;
        for (int i = threadIdx.x; i < width; i += blockDim.x) {
            float g = (d[at + i] * w[i] - s - normal[at + i] * t) * inverse[row];
            dx[at + i] = add ? dx[at + i] + g : g;
        }
        if (threadIdx.x == 0) {
            back[row] = s;
            along[row] = t;
        }
    }
}

} // extern "C"
