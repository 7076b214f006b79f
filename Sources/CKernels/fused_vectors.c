// Fused passes over parameter-length vectors. Blocks keep what is reused in the first-level cache.
#include "fixed_order.h"

#define BLOCK 1024

// One run of at most eight elements that share the preconditioner's scale, or with a scale each.
#define MEAN_GRADIENT(COUNT, SCALE)                                                                                    \
    for (long k = 0; k < (COUNT); k++) {                                                                               \
        float mean = (float)(sums[i + k] * inverse), value = mean + lambda * x[i + k];                                 \
        double scaled = SCALE, m = mean, v = value, w = x[i + k];                                                      \
        g[i + k] = value;                                                                                              \
        s[0][k] += scaled * (m * m);                                                                                   \
        s[1][k] += scaled * (v * v);                                                                                   \
        s[2][k] += v * v;                                                                                              \
        s[3][k] += w * w;                                                                                              \
    }
// Eight elements in registers: what compilers make of the loop keeps the sums in memory.
#define MEAN_GRADIENT_8(SUM, SCALE)                                                                                    \
    {                                                                                                                  \
        typedef SUM sum8 __attribute__((vector_size(8 * sizeof(SUM)), aligned(sizeof(SUM))));                          \
        const f8 from = *(const f8 *)(x + i);                                                                          \
        const f8 mean = __builtin_convertvector(__builtin_convertvector(*(const sum8 *)(sums + i), d8) * inverse, f8); \
        const f8 value = mean + lambda * from;                                                                         \
        const d8 m = WIDENED(mean), v = WIDENED(value), w = WIDENED(from);                                             \
        *(f8 *)(g + i) = value;                                                                                        \
        t[0] += SCALE(m * m);                                                                                          \
        t[1] += SCALE(v * v);                                                                                          \
        t[2] += v * v;                                                                                                 \
        t[3] += w * w;                                                                                                 \
    }
// With neither a regulariser nor a preconditioner three of the sums are one.
#define PLAIN_MEAN_8(SUM)                                                                                              \
    {                                                                                                                  \
        typedef SUM sum8 __attribute__((vector_size(8 * sizeof(SUM)), aligned(sizeof(SUM))));                          \
        const f8 mean = __builtin_convertvector(__builtin_convertvector(*(const sum8 *)(sums + i), d8) * inverse, f8); \
        const d8 m = WIDENED(mean), w = WIDENED(*(const f8 *)(x + i));                                                 \
        *(f8 *)(g + i) = mean;                                                                                         \
        t[0] += m * m;                                                                                                 \
        t[3] += w * w;                                                                                                 \
    }
#define WIDENED(v) __builtin_convertvector(v, d8)
#define UNSCALED(v) (v)
#define EACH_SCALED(v) (WIDENED(*(const f8 *)(scale + i)) * (v))
#define SHARED_SCALED(v) (shared * (v))

#define MEAN_GRADIENT_OF(NAME, SUM)                                                                                    \
    WIDE void NAME(                                                                                                    \
        long features, long classes, const SUM *sums, double inverse, float lambda, const float *x,                   \
        const float *scale, float *g, double *out) {                                                                   \
        d8 t[4] = {{0}};                                                                                               \
        double s[4][8] = {{0}};                                                                                        \
        if (!scale) {                                                                                                  \
            long n = features * classes, i = 0;                                                                        \
            if (lambda == 0) {                                                                                         \
                for (; i + 8 <= n; i += 8) PLAIN_MEAN_8(SUM)                                                           \
                t[1] = t[2] = t[0];                                                                                    \
            } else {                                                                                                   \
                for (; i + 8 <= n; i += 8) MEAN_GRADIENT_8(SUM, UNSCALED)                                              \
            }                                                                                                          \
            MEAN_GRADIENT(n - i, 1)                                                                                    \
        } else if (classes == 1) {                                                                                     \
            long n = features, i = 0;                                                                                  \
            for (; i + 8 <= n; i += 8) MEAN_GRADIENT_8(SUM, EACH_SCALED)                                               \
            MEAN_GRADIENT(n - i, scale[i + k])                                                                         \
        } else {                                                                                                       \
            for (long j = 0; j < features; j++) {                                                                      \
                const double shared = scale[j];                                                                        \
                long i = j * classes, end = i + classes;                                                               \
                for (; i + 8 <= end; i += 8) MEAN_GRADIENT_8(SUM, SHARED_SCALED)                                       \
                MEAN_GRADIENT(end - i, shared)                                                                         \
            }                                                                                                          \
        }                                                                                                              \
        for (long q = 0; q < 4; q++) {                                                                                 \
            const d8 sum = t[q] + *(const d8 *)s[q];                                                                   \
            out[q] += LANES_SUM(sum);                                                                                  \
        }                                                                                                              \
    }
MEAN_GRADIENT_OF(ck_fixed_mean_gradient, double)
MEAN_GRADIENT_OF(ck_fixed_mean_gradient_f, float)
MEAN_GRADIENT_OF(ck_fixed_mean_gradient_i, int32_t)

WIDE void ck_fixed_blend(long n, double factor, const float *g, double kept, float *d) {
    for (long i = 0; i < n; i++) d[i] = (float)(factor * g[i] + kept * d[i]);
}

WIDE void ck_fixed_scaled(long features, long classes, double factor, const float *scale, const float *g, float *out) {
    if (classes == 1) {
        for (long i = 0; i < features; i++) out[i] = (float)(factor * scale[i] * g[i]);
    } else {
        for (long j = 0; j < features; j++) {
            const double shared = factor * scale[j];
            for (long i = j * classes; i < (j + 1) * classes; i++) out[i] = (float)(shared * g[i]);
        }
    }
}

WIDE double ck_fixed_scaled_norm(long features, long classes, const float *scale, const float *g) {
    double s[8] = {0};
    if (classes == 1) {
        for (long i = 0; i < features; i++) s[i & 7] += (double)scale[i] * ((double)g[i] * g[i]);
    } else {
        for (long j = 0; j < features; j++) {
            const float *row = g + j * classes;
            const double shared = scale[j];
            long i = 0;
            for (; i + 8 <= classes; i += 8)
                for (long k = 0; k < 8; k++) s[k] += shared * ((double)row[i + k] * row[i + k]);
            for (long k = 0; i + k < classes; k++) s[k] += shared * ((double)row[i + k] * row[i + k]);
        }
    }
    return LANES_SUM(s);
}

void ck_fixed_dots(long n, long count, const float *const *vectors, const float *q, double *out) {
    for (long v = 0; v < count; v++) out[v] = 0;
    for (long start = 0; start < n; start += BLOCK) {
        long length = n - start < BLOCK ? n - start : BLOCK;
        for (long v = 0; v < count; v++) out[v] += ck_fixed_dot_ff(length, vectors[v] + start, q + start);
    }
}

WIDE void ck_fixed_combine(
    long n, double factor, const float *base, long count, const double *coefficients, const float *const *vectors,
    float *out) {
    double sum[BLOCK];
    for (long start = 0; start < n; start += BLOCK) {
        long length = n - start < BLOCK ? n - start : BLOCK;
        for (long i = 0; i < length; i++) sum[i] = factor * base[start + i];
        for (long v = 0; v < count; v++) {
            const float *vector = vectors[v] + start;
            const double c = coefficients[v];
            for (long i = 0; i < length; i++) sum[i] += c * vector[i];
        }
        for (long i = 0; i < length; i++) out[start + i] = (float)sum[i];
    }
}

WIDE void ck_fixed_pair(
    long n, const float *x, float *previous_x, const float *g, float *previous_g, float *step, float *change,
    double *out) {
    double s[3][8] = {{0}};
    long i = 0;
#define PAIR(COUNT)                                                                                                    \
    for (long k = 0; k < (COUNT); k++) {                                                                               \
        float dx = x[i + k] - previous_x[i + k], dg = g[i + k] - previous_g[i + k];                                    \
        previous_x[i + k] = x[i + k];                                                                                  \
        previous_g[i + k] = g[i + k];                                                                                  \
        step[i + k] = dx;                                                                                              \
        change[i + k] = dg;                                                                                            \
        s[0][k] += (double)dx * dg;                                                                                    \
        s[1][k] += (double)dx * dx;                                                                                    \
        s[2][k] += (double)dg * dg;                                                                                    \
    }
    for (; i + 8 <= n; i += 8) PAIR(8)
    PAIR(n - i)
    for (long q = 0; q < 3; q++) out[q] = LANES_SUM(s[q]);
}

// The sums of `ck_fixed_dot_dd`, four rows at a time. Zeros behind g stand in for the end of a row: what is read there is
// the start of the next one, so the last rows are left to the caller. Returns the rows done.
WIDE static long ck_fixed_apply_rows(long n, const double *matrix, const double *g, double *sums) {
    long i = 0;
    for (; i + 4 < n; i += 4) {
        const double *p = matrix + i * n, *q = p + n, *r = q + n, *s = r + n;
        d8 a = {0}, b = {0}, c = {0}, d = {0};
        for (long j = 0; j < n; j += 8) {
            const d8 v = *(const d8 *)(g + j);
            a += *(const d8 *)(p + j) * v;
            b += *(const d8 *)(q + j) * v;
            c += *(const d8 *)(r + j) * v;
            d += *(const d8 *)(s + j) * v;
        }
        sums[i] = LANES_SUM(a);
        sums[i + 1] = LANES_SUM(b);
        sums[i + 2] = LANES_SUM(c);
        sums[i + 3] = LANES_SUM(d);
    }
    return i;
}

WIDE void ck_fixed_apply(
    long n, long classes, double factor, const double *matrix, const float *g, double *scratch, float *out) {
    if (classes == 1 && n >= 8) {
        double *wide = scratch + n;
        for (long i = 0; i < n; i++) wide[i] = g[i];
        for (long i = n; i < n + 8; i++) wide[i] = 0;
        for (long i = ck_fixed_apply_rows(n, matrix, wide, scratch); i < n; i++)
            scratch[i] = ck_fixed_dot_dd(n, wide, matrix + i * n);
        for (long i = 0; i < n; i++) out[i] = (float)(factor * scratch[i]);
        return;
    }
    // Classes in whole vectors: each sum in the order of the matrix's columns.
    const long width = classes == 1 ? 1 : (classes + 7) / 8 * 8;
    double *wide = scratch + n * width;
    for (long i = 0; i < n * width; i++) scratch[i] = 0;
    for (long i = 0; i < n; i++)
        for (long c = 0; c < width; c++) wide[i * width + c] = c < classes ? g[i * classes + c] : 0;
    ck_fixed_add_products(n, width, n, 1, matrix, n, 1, wide, width, scratch, width);
    for (long i = 0; i < n; i++)
        for (long c = 0; c < classes; c++) out[i * classes + c] = (float)(factor * scratch[i * width + c]);
}

// Whole numbers of 32 bits by the last bits of v + 1.5 · 2^52: vectors of them, where a cast would go one by one. What does not
// fit becomes anything.
WIDE static long ck_units_of(long n, const double *sums, double factor, int32_t *units) {
    long misfits = 0;
    for (long c = 0; c < n; c++) {
        const double value = sums[c] * factor, shifted = value + 0x1.8p52;
        int64_t bits;
        __builtin_memcpy(&bits, &shifted, sizeof bits);
        units[c] = (int32_t)bits;
        misfits += !(value > -2147483648.0 && value < 2147483648.0);
    }
    return misfits;
}

WIDE static void ck_sums_of(long n, const int32_t *units, double unit, double *sums) {
    for (long c = 0; c < n; c++) sums[c] = units[c] * unit;
}

long ck_to_units(
    long columns, long classes, const double *sums, const double *per_unit, int32_t *units, double *others) {
    long misfits = 0;
    for (long j = 0; j < columns; j++, sums += classes) {
        if (per_unit[j] == 0) {
            for (long c = 0; c < classes; c++) *others++ = sums[c];
            continue;
        }
        misfits += ck_units_of(classes, sums, per_unit[j], units);
        units += classes;
    }
    return misfits;
}

void ck_from_units(
    long columns, long classes, const int32_t *units, const double *others, const double *per_unit, double *sums) {
    for (long j = 0; j < columns; j++, sums += classes) {
        if (per_unit[j] == 0) {
            for (long c = 0; c < classes; c++) sums[c] = *others++;
            continue;
        }
        ck_sums_of(classes, units, 1 / per_unit[j], sums);
        units += classes;
    }
}

long ck_pack_units(
    long n, const int32_t *list, long classes, const double *sums, const double *per_unit, int32_t *units) {
    long misfits = 0;
    for (long i = 0; i < n; i++, units += classes)
        misfits += ck_units_of(classes, sums + list[i] * classes, per_unit[list[i]], units);
    return misfits;
}

WIDE static void ck_add_units_of(long n, const int32_t *units, double unit, double *sums) {
    for (long c = 0; c < n; c++) sums[c] += units[c] * unit;
}

void ck_add_units(
    long n, const int32_t *list, long classes, const int32_t *units, const double *per_unit, double *sums) {
    for (long i = 0; i < n; i++, units += classes)
        ck_add_units_of(classes, units, 1 / per_unit[list[i]], sums + list[i] * classes);
}

void ck_place_columns(
    long first, long last, long n, const int32_t *list, long classes, const double *sums, double *target) {
    const unsigned long bytes = classes * sizeof *sums;
    for (long j = first, i = 0; j < last; j++) {
        if (i < n && list[i] == j) {
            __builtin_memcpy(target + j * classes, sums + j * classes, bytes);
            i++;
        } else {
            __builtin_memset(target + j * classes, 0, bytes);
        }
    }
}

void ck_pack_columns(long n, const int32_t *list, long classes, const double *sums, double *packed) {
    for (long i = 0; i < n; i++, packed += classes)
        __builtin_memcpy(packed, sums + list[i] * classes, classes * sizeof *packed);
}

WIDE static void ck_add_column(long n, const double *packed, double *sums) {
    for (long c = 0; c < n; c++) sums[c] += packed[c];
}

void ck_add_columns(long n, const int32_t *list, long classes, const double *packed, double *sums) {
    for (long i = 0; i < n; i++, packed += classes) ck_add_column(classes, packed, sums + list[i] * classes);
}

WIDE void ck_fixed_narrow(long n, const double *x, float *out) {
    for (long i = 0; i < n; i++) out[i] = (float)x[i];
}
WIDE void ck_fixed_widen(long n, const float *x, double *out) {
    for (long i = 0; i < n; i++) out[i] = x[i];
}
