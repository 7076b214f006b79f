// Sums in one fixed order on every machine: eight partial sums, baseline instructions, no fused multiply-add.
#include "CKernels.h"

#pragma clang fp contract(off)

#define FIXED_SUM(TERM)                                                                                                \
    double s[8] = {0};                                                                                                 \
    long i = 0;                                                                                                        \
    for (; i + 8 <= n; i += 8)                                                                                         \
        for (long k = 0; k < 8; k++) s[k] += TERM(i + k);                                                              \
    for (long k = 0; i < n; i++, k++) s[k] += TERM(i);                                                                 \
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
#define PRODUCT(i) ((double)a[i] * (double)b[i])
#define VALUE(i) (a[i])

double ck_fixed_dot_dd(long n, const double *a, const double *b) { FIXED_SUM(PRODUCT) }
double ck_fixed_dot_ff(long n, const float *a, const float *b) { FIXED_SUM(PRODUCT) }
double ck_fixed_dot_fd(long n, const float *a, const double *b) { FIXED_SUM(PRODUCT) }
double ck_fixed_sum(long n, const double *a) { FIXED_SUM(VALUE) }

void ck_fixed_axpy(long n, double step, const double *x, double *y) {
    for (long i = 0; i < n; i++) y[i] += step * x[i];
}
void ck_fixed_scale(long n, double factor, double *x) {
    for (long i = 0; i < n; i++) x[i] *= factor;
}
void ck_fixed_axpy_ff(long n, double step, const float *x, float *y) {
    for (long i = 0; i < n; i++) y[i] = (float)(y[i] + step * x[i]);
}
void ck_fixed_axpy_fd(long n, double step, const float *x, double *y) {
    for (long i = 0; i < n; i++) y[i] += step * x[i];
}
void ck_fixed_add_fd(long n, double step, const double *d, const float *x, float *out) {
    for (long i = 0; i < n; i++) out[i] = (float)(x[i] + step * d[i]);
}
void ck_fixed_add_ff(long n, double step, const float *d, const float *x, float *out) {
    for (long i = 0; i < n; i++) out[i] = (float)(x[i] + step * d[i]);
}

typedef double d8 __attribute__((vector_size(64), aligned(8), may_alias));

void ck_fixed_add_products(
    long n, long terms, double factor, const double *c, long c_stride, const double *rows, long stride, double *out) {
    long j = 0;
    for (; j + 8 <= n; j += 8) {
        d8 sum = *(const d8 *)(out + j);
        for (long i = 0; i < terms; i++) sum += factor * c[i * c_stride] * *(const d8 *)(rows + i * stride + j);
        *(d8 *)(out + j) = sum;
    }
    for (; j < n; j++)
        for (long i = 0; i < terms; i++) out[j] += factor * c[i * c_stride] * rows[i * stride + j];
}
