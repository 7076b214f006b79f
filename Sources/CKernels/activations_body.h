// Activations, element by element; part of layers_body.h.

// A value that is not a number stays one: a broken image must show in the loss.
static void CK_NAME(relu)(long n, const float *x, float *y) {
    for (long i = 0; i < n; i++) y[i] = 0 > x[i] ? 0 : x[i];
}

static void CK_NAME(relu_back)(long n, const float *restrict y, float *restrict d) {
    for (long i = 0; i < n; i++) d[i] = y[i] > 0 ? d[i] : 0;
}

// 1/(1 + exp(−z)) without overflow; NaN stays NaN.
CK_INLINE f8 CK_NAME(sigmoid8)(f8 z) {
    f8 e = CK_NAME(exp_clamped)((f8)((i8)z | (int32_t)0x80000000)), inverse = 1.0f / (1.0f + e);
    return CK_NAME(select)(z < 0, e * inverse, inverse);
}

#define GELU_SLOPE 1.59576912f /* 2 √(2/π) */
#define GELU_CUBE 0.044715f

static void CK_NAME(gelu)(long n, const float *x, float *y) {
    for (long i = 0; i < n; i += 8) {
        f8 v = CK_NAME(load8)(x + i, n - i, 0);
        CK_NAME(store8)(y + i, n - i, v * CK_NAME(sigmoid8)(GELU_SLOPE * (v + GELU_CUBE * v * v * v)));
    }
}

static void CK_NAME(gelu_back)(long n, const float *x, float *d) {
    for (long i = 0; i < n; i += 8) {
        f8 v = CK_NAME(load8)(x + i, n - i, 0), square = v * v;
        f8 s = CK_NAME(sigmoid8)(GELU_SLOPE * (v + GELU_CUBE * square * v));
        f8 slope = s + v * s * (1.0f - s) * (GELU_SLOPE * (1.0f + 3 * GELU_CUBE * square));
        CK_NAME(store8)(d + i, n - i, CK_NAME(load8)(d + i, n - i, 0) * slope);
    }
}
#undef GELU_SLOPE
#undef GELU_CUBE

// Near 0 the polynomial of the Cephes library, elsewhere from exp(−2|x|): relative error about 3e-7.
static void CK_NAME(tanh)(long n, const float *x, float *y) {
    for (long i = 0; i < n; i += 8) {
        f8 v = CK_NAME(load8)(x + i, n - i, 0), size = CK_NAME(size8)(v), u = v * v;
        f8 e = CK_NAME(exp_clamped)(-2.0f * size);
        f8 far = (f8)((i8)((1.0f - e) / (1.0f + e)) | ((i8)v & (int32_t)0x80000000));
        f8 p = u * -5.70498872745e-3f + 2.06390887954e-2f;
        p = p * u - 5.37397155531e-2f;
        p = p * u + 1.33314422036e-1f;
        p = p * u - 3.33332819422e-1f;
        CK_NAME(store8)(y + i, n - i, CK_NAME(select)(size < 0.625f, v + v * u * p, far));
    }
}

static void CK_NAME(tanh_back)(long n, const float *restrict y, float *restrict d) {
    for (long i = 0; i < n; i++) d[i] *= 1 - y[i] * y[i];
}
