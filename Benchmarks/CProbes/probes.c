#include "CProbes.h"

#include <math.h>

#pragma clang diagnostic ignored "-Wpsabi"

typedef uint64_t line __attribute__((vector_size(64), aligned(64)));
typedef float v4 __attribute__((vector_size(16)));
typedef float v8 __attribute__((vector_size(32)));
typedef float v16 __attribute__((vector_size(64)));

#define INLINE static inline __attribute__((always_inline))

INLINE uint64_t read_streams(const char *memory, long bytes, const int streams, long run) {
    line sum[8] = {{0}};
    const long group = streams * run;
    for (long start = 0; start + group <= bytes; start += group)
        for (long i = 0; i < run; i += 64)
            for (int s = 0; s < streams; s++) sum[s] ^= *(const line *)(memory + start + s * run + i);
    uint64_t all = 0;
    for (int s = 0; s < streams; s++)
        for (int k = 0; k < 8; k++) all ^= sum[s][k];
    return all;
}

// One run: four lines a turn, so that the sums do not wait for each other.
INLINE uint64_t read_run(const char *memory, long bytes) {
    line a = {0}, b = {0}, c = {0}, d = {0};
    for (long i = 0; i + 256 <= bytes; i += 256) {
        const line *p = (const line *)(memory + i);
        a ^= p[0];
        b ^= p[1];
        c ^= p[2];
        d ^= p[3];
    }
    a ^= b ^ c ^ d;
    uint64_t all = 0;
    for (int k = 0; k < 8; k++) all ^= a[k];
    return all;
}

INLINE uint64_t read_any(const char *memory, long bytes, int streams, long run) {
    switch (streams) {
    case 2: return read_streams(memory, bytes, 2, run);
    case 4: return read_streams(memory, bytes, 4, run);
    case 8: return read_streams(memory, bytes, 8, run);
    default: return read_run(memory, bytes);
    }
}

// Each product waits for its last result: ten chains hide that, and fit into sixteen registers.
#define MULTIPLY_ADD(V)                                                                                                \
    V x[10], factor = {0}, sum = {0};                                                                                  \
    factor += 0.999f;                                                                                                  \
    for (int k = 0; k < 10; k++) x[k] = factor + (float)k;                                                             \
    for (long r = 0; r < 2 * rounds; r++)                                                                              \
        for (int k = 0; k < 10; k++) x[k] = x[k] * factor + 0.5f;                                                      \
    for (int k = 0; k < 10; k++) sum += x[k];                                                                          \
    return sum[0];

static uint64_t read_4(const char *m, long bytes, int streams, long run) { return read_any(m, bytes, streams, run); }
static float multiply_4(long rounds) { MULTIPLY_ADD(v4) }

#if defined(__x86_64__)
#define WITH_AVX2 __attribute__((target("avx2,fma")))
#define WITH_AVX512 __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")))
WITH_AVX2 static uint64_t read_8(const char *m, long bytes, int streams, long run) {
    return read_any(m, bytes, streams, run);
}
WITH_AVX512 static uint64_t read_16(const char *m, long bytes, int streams, long run) {
    return read_any(m, bytes, streams, run);
}
WITH_AVX2 static float multiply_8(long rounds) { MULTIPLY_ADD(v8) }
WITH_AVX512 static float multiply_16(long rounds) { MULTIPLY_ADD(v16) }
#endif

uint64_t probe_read(int lanes, const void *memory, long bytes, int streams, long run) {
#if defined(__x86_64__)
    if (lanes == 16) return read_16(memory, bytes, streams, run);
    if (lanes == 8) return read_8(memory, bytes, streams, run);
#endif
    return read_4(memory, bytes, streams, run);
}

float probe_multiply_add(int lanes, long rounds) {
#if defined(__x86_64__)
    if (lanes == 16) return multiply_16(rounds);
    if (lanes == 8) return multiply_8(rounds);
#endif
    return multiply_4(rounds);
}

double twin_sparse_pass(
    const long *row_offsets, long rows, const int32_t *columns, const float *values, const float *labels,
    const float *weights, double *gradient) {
    double loss = 0;
    for (long i = 0; i < rows; i++) {
        float margin = 0;
        for (long k = row_offsets[i]; k < row_offsets[i + 1]; k++) margin += values[k] * weights[columns[k]];
        float y = 2 * labels[i] - 1;
        double e = expf(-y * margin);
        loss += log1p(e);
        double residual = -y * e / (1 + e);
        for (long k = row_offsets[i]; k < row_offsets[i + 1]; k++) gradient[columns[k]] += residual * values[k];
    }
    return loss;
}
