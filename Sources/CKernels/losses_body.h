// Link functions and losses over blocks of margins; part of kernels_body.h.

CK_INLINE f8 CK_NAME(select)(i8 mask, f8 yes, f8 no) {
    return (f8)((mask & (i8)yes) | (~mask & (i8)no));
}

// The larger or the smaller of a and b; b where one is NaN. One instruction, which the compiler does not find.
#if defined(__x86_64__) && CK_LANES >= 8
CK_INLINE f8 CK_NAME(larger)(f8 a, f8 b) { return (f8)__builtin_ia32_maxps256(a, b); }
CK_INLINE f8 CK_NAME(smaller)(f8 a, f8 b) { return (f8)__builtin_ia32_minps256(a, b); }
#else
CK_INLINE f8 CK_NAME(larger)(f8 a, f8 b) { return CK_NAME(select)(a > b, a, b); }
CK_INLINE f8 CK_NAME(smaller)(f8 a, f8 b) { return CK_NAME(select)(a < b, a, b); }
#endif

// max(bound, x); NaN where x is NaN.
CK_INLINE f8 CK_NAME(at_least)(float bound, f8 x) { return CK_NAME(larger)((f8){0} + bound, x); }

// exp, relative error about 2e-7, for −87.3 ≤ x ≤ 88.4 (from below clamped to it); NaN stays NaN. Cody–Waite reduction,
// in one step where products are not rounded; polynomial of the Cephes library.
CK_INLINE f8 CK_NAME(exp_clamped)(f8 x) {
    f8 low = CK_NAME(at_least)(-87.3f, x);
    f8 shifted = low * 1.44269504f + 12582912.0f;
    f8 n = shifted - 12582912.0f;
#if CK_LANES >= 8
    f8 r = low - n * 0.69314718f;
#else
    f8 r = low - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
#endif
    f8 p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    i8 power = ((i8)shifted + (127 - 0x4B400000)) << 23;
    return p * (f8)power;
}

// exp for x ≤ 0; 0 below −87.3.
CK_INLINE f8 CK_NAME(vexp)(f8 x) {
    return (f8)((i8)CK_NAME(exp_clamped)(x) & ~(x < -87.3f));
}

// Up to 8 values; the lanes beyond `count` are `filling`.
CK_INLINE f8 CK_NAME(load8)(const float *p, long count, float filling) {
    if (count >= 8) return AT(f8, p);
    f8 v = (f8){0} + filling;
    if (count == 4) return __builtin_shufflevector(AT(f4, p), (f4){0} + filling, 0, 1, 2, 3, 4, 5, 6, 7);
    for (long k = 0; k < count; k++) v[k] = p[k];
    return v;
}

CK_INLINE void CK_NAME(store8)(float *p, long count, f8 v) {
    if (count >= 8) PUT(f8, p) = v;
    else if (count == 4) PUT(f4, p) = __builtin_shufflevector(v, v, 0, 1, 2, 3);
    else
        for (long k = 0; k < count; k++) p[k] = v[k];
}

CK_INLINE f8 CK_NAME(size8)(f8 v) { return (f8)((i8)v & 0x7fffffff); }

// log(1 + e) for 0 ≤ e ≤ 1 as 2 atanh(s), s = e/(2 + e) ≤ 1/3.
CK_INLINE f8 CK_NAME(vlog1p)(f8 e) {
    f8 s = e / (2.0f + e), u = s * s;
    f8 p = u * 0.09758104f + 0.11317030f;
    p = p * u + 0.14257510f;
    p = p * u + 0.20001048f;
    p = p * u + 0.33333322f;
    return 2.0f * (s + s * u * p);
}

// Losses of one margin: f (Double) and ∂f/∂m of eight margins and labels.
typedef struct CK_NAME(term) {
    d8 loss;
    f8 slope;
} CK_NAME(term);
#define term CK_NAME(term)

// With z = s m: max(−z, 0) + log(1 + exp(−|z|)).
CK_INLINE term CK_NAME(logistic)(f8 m, f8 y, float delta) {
    (void)delta;
    f8 sign = 1.0f - 2.0f * y, z = sign * m;
    f8 e = CK_NAME(exp_clamped)((f8)((i8)z | (int32_t)0x80000000)), inverse = 1.0f / (1.0f + e);
    return (term){
        WIDE(CK_NAME(larger)(z, (f8){0})) + WIDE(CK_NAME(vlog1p)(e)),
        sign * CK_NAME(select)(z < 0, e * inverse, inverse)};
}

CK_INLINE term CK_NAME(squared_error)(f8 m, f8 y, float delta) {
    (void)delta;
    f8 d = m - y;
    return (term){0.5 * WIDE(d) * WIDE(d), d};
}

CK_INLINE term CK_NAME(squared_hinge)(f8 m, f8 y, float delta) {
    (void)delta;
    f8 s = 2.0f * y - 1.0f, slack = CK_NAME(at_least)(0, 1.0f - s * m);
    return (term){WIDE(slack) * WIDE(slack), -2.0f * s * slack};
}

CK_INLINE term CK_NAME(huber)(f8 m, f8 y, float delta) {
    f8 d = m - y, size = CK_NAME(size8)(d), low = CK_NAME(smaller)((f8){0} + delta, size);
    return (term){WIDE(low) * (WIDE(size) - 0.5 * WIDE(low)), CK_NAME(select)(d < 0, -low, low)};
}

// Above exp(88) the rate is infinite.
CK_INLINE f8 CK_NAME(rate)(f8 m) {
    return CK_NAME(select)(m > 88.0f, (f8){0} + INFINITY, CK_NAME(exp_clamped)(m));
}

CK_INLINE term CK_NAME(poisson)(f8 m, f8 y, float delta) {
    (void)delta;
    f8 rate = CK_NAME(rate)(m);
    return (term){WIDE(rate) - WIDE(y) * WIDE(m), rate - y};
}

#define CK_LOSS(NAME)                                                                                                  \
    CK_INLINE d8 CK_NAME(NAME##_8)(                                                                                    \
        long count, float delta, const float *m, const float *slopes, float step, const float *labels,                 \
        const float *weights, float *r) {                                                                              \
        f8 margin = CK_NAME(load8)(m, count, 0);                                                                       \
        if (slopes) margin = step * CK_NAME(load8)(slopes, count, 0) + margin;                                         \
        term t = CK_NAME(NAME)(margin, CK_NAME(load8)(labels, count, 0), delta);                                       \
        if (weights) {                                                                                                 \
            f8 weight = CK_NAME(load8)(weights, count, 0);                                                             \
            t.loss *= WIDE(weight);                                                                                    \
            t.slope *= weight;                                                                                         \
        }                                                                                                              \
        if (r) CK_NAME(store8)(r, count, t.slope);                                                                     \
        for (long k = count; k < 8; k++) t.loss[k] = 0;                                                                \
        return t.loss;                                                                                                 \
    }                                                                                                                  \
    CK_INLINE double CK_NAME(NAME##_total)(                                                                            \
        float delta, long n, const float *m, const float *slopes, float step, const float *labels,                     \
        const float *weights, float *r, double anchor) {                                                               \
        d8 sum = {0};                                                                                                  \
        long i = 0;                                                                                                    \
        for (; i + 8 <= n; i += 8)                                                                                     \
            sum += CK_NAME(on_grid)(                                                                                   \
                CK_NAME(NAME##_8)(                                                                                     \
                    8, delta, m + i, slopes ? slopes + i : 0, step, labels + i, weights ? weights + i : 0,             \
                    r ? r + i : 0),                                                                                    \
                anchor);                                                                                               \
        if (i < n)                                                                                                     \
            sum += CK_NAME(on_grid)(                                                                                   \
                CK_NAME(NAME##_8)(                                                                                     \
                    n - i, delta, m + i, slopes ? slopes + i : 0, step, labels + i, weights ? weights + i : 0,         \
                    r ? r + i : 0),                                                                                    \
                anchor);                                                                                               \
        return CK_NAME(d8_sum)(sum);                                                                                   \
    }                                                                                                                  \
    static double CK_NAME(NAME##_sum)(                                                                                 \
        float delta, long n, const float *m, const float *slopes, float step, const float *labels,                     \
        const float *weights, float *r, double anchor) {                                                               \
        if (weights) return CK_NAME(NAME##_total)(delta, n, m, slopes, step, labels, weights, r, anchor);              \
        if (slopes) return CK_NAME(NAME##_total)(delta, n, m, slopes, step, labels, 0, 0, anchor);                     \
        return CK_NAME(NAME##_total)(delta, n, m, 0, 0, labels, 0, r, anchor);                                         \
    }
CK_LOSS(logistic)
CK_LOSS(squared_error)
CK_LOSS(squared_hinge)
CK_LOSS(huber)
CK_LOSS(poisson)

static double CK_NAME(loss)(
    ck_loss kind, double delta, long n, const float *m, const float *slopes, float step, const float *labels,
    const float *weights, float *r, double anchor) {
#define SUM(NAME) CK_NAME(NAME##_sum)((float)delta, n, m, slopes, step, labels, weights, r, anchor)
    switch (kind) {
    case ck_logistic: return SUM(logistic);
    case ck_squared_error: return SUM(squared_error);
    case ck_squared_hinge: return SUM(squared_hinge);
    case ck_huber: return SUM(huber);
    case ck_poisson: return SUM(poisson);
    }
#undef SUM
    return NAN;
}

static void CK_NAME(second_derivatives)(
    ck_loss kind, double delta, long n, const float *m, const float *labels, const float *weights, float *out) {
    for (long i = 0; i < n; i += 8) {
        long count = n - i;
        f8 margin = CK_NAME(load8)(m + i, count, 0), y = CK_NAME(load8)(labels + i, count, 0), h = (f8){0} + 1.0f;
        switch (kind) {
        case ck_logistic: {
            f8 e = CK_NAME(exp_clamped)(-CK_NAME(size8)(margin)), inverse = 1.0f / (1.0f + e);
            h = e * inverse * inverse;
            break;
        }
        case ck_squared_error: break;
        case ck_squared_hinge: h = CK_NAME(select)((2.0f * y - 1.0f) * margin < 1.0f, h + h, (f8){0}); break;
        case ck_huber: h = CK_NAME(select)(CK_NAME(size8)(margin - y) <= (float)delta, h, (f8){0}); break;
        case ck_poisson: h = CK_NAME(rate)(margin); break;
        }
        if (weights) h *= CK_NAME(load8)(weights + i, count, 0);
        CK_NAME(store8)(out + i, count, h);
    }
}

static double CK_NAME(square_sum)(long n, const float *h, const float *v, double anchor) {
    d8 sum = {0};
    for (long i = 0; i < n; i += 8) {
        const d8 wide = WIDE(CK_NAME(load8)(v + i, n - i, 0));
        sum += CK_NAME(on_grid)(WIDE(CK_NAME(load8)(h + i, n - i, 0)) * wide * wide, anchor);
    }
    return CK_NAME(d8_sum)(sum);
}

static void CK_NAME(sigmoid)(long n, const float *m, float *p) {
    for (long i = 0; i < n; i += 8) {
        f8 z = CK_NAME(load8)(m + i, n - i, 0);
        f8 e = CK_NAME(exp_clamped)(-CK_NAME(size8)(z)), inverse = 1.0f / (1.0f + e);
        CK_NAME(store8)(p + i, n - i, CK_NAME(select)(z < 0, e * inverse, inverse));
    }
}

static void CK_NAME(add_scaled)(long n, const float *a, float step, const float *b, float *out) {
    long i = 0;
    for (; i + 8 <= n; i += 8) PUT(f8, out + i) = AT(f8, a + i) + step * AT(f8, b + i);
    for (; i < n; i++) out[i] = a[i] + step * b[i];
}

static void CK_NAME(residual_sums)(
    long rows, long classes, long stride, const float *r, const float *norms, double extra, double square_anchor,
    double anchor, double *sums, ck_pass_sums *out) {
    f8 largest = AT(f8, out->largest);
    if (classes == 1) {
        const float more = (float)extra;
        d8 sum = {0}, squares = {0};
        for (long i = 0; i < rows; i += 8) {
            const f8 v = CK_NAME(load8)(r + i, rows - i, 0), norm = CK_NAME(load8)(norms + i, rows - i, 0);
            largest = CK_NAME(larger)(CK_NAME(size8)(v), largest);
            sum += CK_NAME(on_grid)(WIDE(v), anchor);
            squares += CK_NAME(on_grid)(WIDE(v * v * (norm + more)), square_anchor);
        }
        sums[0] += CK_NAME(d8_sum)(sum);
        out->squares += CK_NAME(d8_sum)(squares);
    } else {
        for (long i = 0; i < rows; i++, r += stride) {
            d8 total = {0};
            for (long c = 0; c < stride; c += 8) {
                const f8 v = AT(f8, r + c);
                const d8 wide = WIDE(v);
                largest = CK_NAME(larger)(CK_NAME(size8)(v), largest);
                PUT(d8, sums + c) += CK_NAME(on_grid)(wide, anchor);
                total += wide * wide;
            }
            const double square = CK_NAME(d8_sum)(total) * (norms[i] + extra);
            out->squares += CK_NAME(on_grid)(square - (d8){0}, square_anchor)[0];
        }
    }
    PUT(f8, out->largest) = largest;
}

#undef CK_LOSS
#undef term
