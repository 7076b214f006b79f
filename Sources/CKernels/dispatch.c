#include "CKernels.h"

#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Vector arguments never cross a call: the helpers that take them are always inlined.
#pragma clang diagnostic ignored "-Wpsabi"

// How dense rows are best read: see pass_body.h.
static int ck_prefers_one_stream;

#define CK_NAME(x) x##_baseline
#define CK_LANES 4
#define CK_STRING "baseline"
#include "kernels_body.h"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define CK_NAME(x) x##_avx2
#define CK_LANES 8
#define CK_STRING "avx2"
#include "kernels_body.h"
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), apply_to = function)
#define CK_NAME(x) x##_avx512
#define CK_LANES 16
#define CK_STRING "avx512"
#include "kernels_body.h"
#pragma clang attribute pop
#endif

const ck_kernels *ck_named(const char *name) {
    if (strcmp(name, "baseline") == 0) return &ck_kernels_baseline;
#if defined(__x86_64__)
    __builtin_cpu_init();
    ck_prefers_one_stream = __builtin_cpu_is("amd") && __builtin_cpu_supports("avx512f");
    if (strcmp(name, "avx2") == 0 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &ck_kernels_avx2;
    if (strcmp(name, "avx512") == 0 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return &ck_kernels_avx512;
#endif
    return 0;
}

const ck_kernels *ck_current(void) {
    const char *wish = getenv("CRESCENDO_ISA");
    const ck_kernels *kernels = wish ? ck_named(wish) : 0;
    if (!kernels) kernels = ck_named("avx512");
    if (!kernels) kernels = ck_named("avx2");
    return kernels ? kernels : ck_named("baseline");
}
