// Dropout; part of layers_body.h. A mask is a function of numbers that do not depend on ranks, threads or micro-batches,
// so it is computed again where it is needed again.

// The finaliser of SplitMix64.
CK_INLINE uint64_t CK_NAME(mix64)(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

// A bijection of 32 bits with little bias (C. Wellons, hash-prospector), in 32-bit products, which vectors have.
CK_INLINE uint32_t CK_NAME(mix32)(uint32_t x) {
    x = (x ^ (x >> 16)) * 0x7FEB352Du;
    x = (x ^ (x >> 15)) * 0x846CA68Bu;
    return x ^ (x >> 16);
}

static void CK_NAME(dropout)(
    long rows, long units, long stride, float *x, const long *positions, uint64_t seed, uint64_t draw, uint64_t layer,
    double rate) {
    const uint64_t golden = 0x9E3779B97F4A7C15u;
    const uint64_t call = CK_NAME(mix64)(CK_NAME(mix64)(CK_NAME(mix64)(seed + golden) + draw + golden) + layer + golden);
    const uint32_t threshold = (uint32_t)(rate * 4294967296.0);
    const float factor = (float)(1 / (1 - rate));
    for (long i = 0; i < rows; i++, x += stride) {
        const uint64_t key = CK_NAME(mix64)(call + (uint64_t)positions[i] * golden);
        const uint32_t low = (uint32_t)key, high = (uint32_t)(key >> 32);
        for (long u = 0; u < units; u++) {
            const uint32_t hash = CK_NAME(mix32)(CK_NAME(mix32)((uint32_t)u + low) ^ high);
            x[u] = hash < threshold ? 0 : x[u] * factor;
        }
    }
}
