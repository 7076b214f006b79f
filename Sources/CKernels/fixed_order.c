// Products, sums and updates of vectors, and products with matrices.
#include "fixed_order.h"

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
