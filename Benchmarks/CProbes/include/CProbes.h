// Ceilings to measure kernels against: plain loops that do nothing but read memory or multiply, and a plain C twin of the
// sparse pass. Each runs with the widest instructions of `lanes` floats: 16 (AVX-512), 8 (AVX2, FMA), 4.
#ifndef CRESCENDO_CPROBES_H
#define CRESCENDO_CPROBES_H
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Reads `bytes` (rounded down to whole groups) as `streams` (1, 2, 4 or 8) interleaved runs of `run` bytes, a multiple
/// of 64. Returns a checksum.
uint64_t probe_read(int lanes, const void *memory, long bytes, int streams, long run);

/// 20 · lanes · rounds multiply-adds in ten independent chains, 40 · lanes · rounds operations. Returns a checksum.
float probe_multiply_add(int lanes, long rounds);

/// The logistic gradient pass over a CSR matrix as one would write it: margin, residual, scatter, row by row.
/// Returns Σ loss.
double twin_sparse_pass(
    const long *row_offsets, long rows, const int32_t *columns, const float *values, const float *labels,
    const float *weights, double *gradient);

#pragma clang assume_nonnull end
#endif
