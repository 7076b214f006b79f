// Sums in one fixed order on every machine: eight partial sums, no fused multiply-add.
#include "CKernels.h"

#pragma clang fp contract(off)

// Wider registers where the processor has them: the order of the sums, and so every bit, stays the same.
#if defined(__x86_64__) && defined(__GLIBC__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

#define FIXED_SUM(TERM)                                                                                                \
    double s[8] = {0};                                                                                                 \
    long i = 0;                                                                                                        \
    for (; i + 8 <= n; i += 8)                                                                                         \
        for (long k = 0; k < 8; k++) s[k] += TERM(i + k);                                                              \
    for (long k = 0; i < n; i++, k++) s[k] += TERM(i);                                                                 \
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
#define PRODUCT(i) ((double)a[i] * (double)b[i])
#define VALUE(i) (a[i])

WIDE double ck_fixed_dot_dd(long n, const double *a, const double *b) { FIXED_SUM(PRODUCT) }
WIDE double ck_fixed_dot_ff(long n, const float *a, const float *b) { FIXED_SUM(PRODUCT) }
WIDE double ck_fixed_dot_fd(long n, const float *a, const double *b) { FIXED_SUM(PRODUCT) }
WIDE double ck_fixed_sum(long n, const double *a) { FIXED_SUM(VALUE) }

WIDE void ck_fixed_axpy(long n, double step, const double *x, double *y) {
    for (long i = 0; i < n; i++) y[i] += step * x[i];
}
void ck_fixed_scale(long n, double factor, double *x) {
    for (long i = 0; i < n; i++) x[i] *= factor;
}
WIDE void ck_fixed_axpy_ff(long n, double step, const float *x, float *y) {
    for (long i = 0; i < n; i++) y[i] = (float)(y[i] + step * x[i]);
}
WIDE void ck_fixed_axpy_fd(long n, double step, const float *x, double *y) {
    for (long i = 0; i < n; i++) y[i] += step * x[i];
}
WIDE void ck_fixed_add_fd(long n, double step, const double *d, const float *x, float *out) {
    for (long i = 0; i < n; i++) out[i] = (float)(x[i] + step * d[i]);
}
WIDE void ck_fixed_add_ff(long n, double step, const float *d, const float *x, float *out) {
    for (long i = 0; i < n; i++) out[i] = (float)(x[i] + step * d[i]);
}

typedef double d8 __attribute__((vector_size(64), aligned(8), may_alias));

// Each sum is made in the order of its terms; several at once hide the time that an addition takes.
#define ADD_PRODUCTS_TO_ROW(VECTORS)                                                                                   \
    for (; j + 8 * VECTORS <= columns; j += 8 * VECTORS) {                                                             \
        d8 sum[VECTORS];                                                                                               \
        for (int v = 0; v < VECTORS; v++) sum[v] = *(const d8 *)(to + j + 8 * v);                                      \
        for (long i = 0; i < terms; i++) {                                                                             \
            const double value = factor * row[i * a_term];                                                             \
            for (int v = 0; v < VECTORS; v++) sum[v] += value * *(const d8 *)(b + i * b_term + j + 8 * v);             \
        }                                                                                                              \
        for (int v = 0; v < VECTORS; v++) *(d8 *)(to + j + 8 * v) = sum[v];                                            \
    }

WIDE void ck_fixed_add_products(
    long rows, long columns, long terms, double factor, const double *a, long a_row, long a_term, const double *b,
    long b_term, double *out, long stride) {
    const long whole = rows / 4 * 4;
    for (long j = 0; j + 8 <= columns; j += 8) {
        for (long r = 0; r < whole; r += 4) {
            const double *row = a + r * a_row;
            double *to = out + r * stride + j;
            d8 sum[4];
            for (int q = 0; q < 4; q++) sum[q] = *(const d8 *)(to + q * stride);
            for (long i = 0; i < terms; i++) {
                const d8 v = *(const d8 *)(b + i * b_term + j);
                for (int q = 0; q < 4; q++) sum[q] += factor * row[q * a_row + i * a_term] * v;
            }
            for (int q = 0; q < 4; q++) *(d8 *)(to + q * stride) = sum[q];
        }
    }
    for (long r = 0; r < rows; r++) {
        const double *row = a + r * a_row;
        double *to = out + r * stride;
        long j = r < whole ? columns / 8 * 8 : 0;
        ADD_PRODUCTS_TO_ROW(4)
        ADD_PRODUCTS_TO_ROW(1)
        for (; j < columns; j++)
            for (long i = 0; i < terms; i++) to[j] += factor * row[i * a_term] * b[i * b_term + j];
    }
}
#undef ADD_PRODUCTS_TO_ROW

// Fused passes over parameter-length vectors. Blocks keep what is reused in the first-level cache.
#define BLOCK 1024
#define LANES_SUM(s) (((s)[0] + (s)[4]) + ((s)[2] + (s)[6])) + (((s)[1] + (s)[5]) + ((s)[3] + (s)[7]))

// One run of elements that share the preconditioner's scale, or with a scale each.
#define MEAN_GRADIENT(COUNT, SCALE, LANE)                                                                              \
    for (long k = 0; k < (COUNT); k++) {                                                                               \
        float mean = (float)(sums[i + k] * inverse), value = mean + lambda * x[i + k];                                 \
        double scaled = SCALE, m = mean, v = value, w = x[i + k];                                                      \
        g[i + k] = value;                                                                                              \
        s[0][LANE] += scaled * (m * m);                                                                                \
        s[1][LANE] += scaled * (v * v);                                                                                \
        s[2][LANE] += v * v;                                                                                           \
        s[3][LANE] += w * w;                                                                                           \
    }
// With no preconditioner two of the sums are one.
#define PLAIN_MEAN_GRADIENT(COUNT)                                                                                     \
    for (long k = 0; k < (COUNT); k++) {                                                                               \
        float mean = (float)(sums[i + k] * inverse), value = mean + lambda * x[i + k];                                 \
        double m = mean, v = value, w = x[i + k];                                                                      \
        g[i + k] = value;                                                                                              \
        s[0][k] += m * m;                                                                                              \
        s[2][k] += v * v;                                                                                              \
        s[3][k] += w * w;                                                                                              \
    }

#define MEAN_GRADIENT_OF(NAME, SUM)                                                                                    \
    WIDE void NAME(                                                                                                    \
        long features, long classes, const SUM *sums, double inverse, float lambda, const float *x,                   \
        const float *scale, float *g, double *out) {                                                                   \
        double s[4][8] = {{0}};                                                                                        \
        if (!scale) {                                                                                                  \
            long n = features * classes, i = 0;                                                                        \
            for (; i + 8 <= n; i += 8) PLAIN_MEAN_GRADIENT(8)                                                          \
            PLAIN_MEAN_GRADIENT(n - i)                                                                                 \
            for (long k = 0; k < 8; k++) s[1][k] = s[2][k];                                                            \
        } else if (classes == 1) {                                                                                     \
            long n = features, i = 0;                                                                                  \
            for (; i + 8 <= n; i += 8) MEAN_GRADIENT(8, scale[i + k], k)                                               \
            MEAN_GRADIENT(n - i, scale[i + k], k)                                                                      \
        } else {                                                                                                       \
            for (long j = 0; j < features; j++) {                                                                      \
                const double shared = scale[j];                                                                        \
                long i = j * classes, end = i + classes;                                                               \
                for (; i + 8 <= end; i += 8) MEAN_GRADIENT(8, shared, k)                                               \
                MEAN_GRADIENT(end - i, shared, k)                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        for (long q = 0; q < 4; q++) out[q] += LANES_SUM(s[q]);                                                        \
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
