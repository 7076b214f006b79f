// Sums in one fixed order on every machine: eight partial sums, no fused multiply-add.
#ifndef CRESCENDO_FIXED_ORDER_H
#define CRESCENDO_FIXED_ORDER_H
#include "CKernels.h"

#pragma clang fp contract(off)

// Wider registers where the processor has them: the order of the sums, and so every bit, stays the same.
#if defined(__x86_64__) && defined(__GLIBC__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

typedef float f8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef double d8 __attribute__((vector_size(64), aligned(8), may_alias));
#define LANES_SUM(s) (((s)[0] + (s)[4]) + ((s)[2] + (s)[6])) + (((s)[1] + (s)[5]) + ((s)[3] + (s)[7]))
#endif
