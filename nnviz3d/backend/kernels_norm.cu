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

} // extern "C"
