// The gradient pass over dense rows with one margin; part of kernels_body.h, after losses_body.h.
//
// How rows are best read depends on the processor, for which the instruction set stands; the shares are in
// Benchmarks/README.md. With AVX-512 (measured on Zen 4) rows are one stream of memory, which the processor fetches ahead
// on its own as long as nothing else misses the first cache. So a block of rows stays in that cache between its two products
// (up to 256 floats a row), or until the next four rows were multiplied (up to 576); of wider rows the second-level cache
// holds what it can. Without (Zen 3), four streams on pages of their own are faster than one, and the last block is added
// meanwhile, so that memory is never idle. Fetching by instruction made all of it slower on both.

// Sums over rows in the making: loss = `loss` + log(1 + product), see logistic_product.
typedef struct CK_NAME(pass_state) {
    d8 product, loss, squares, residuals;
} CK_NAME(pass_state);
#define state CK_NAME(pass_state)

// Residuals, in place of the margins m, and sums of `count` ≤ 8 rows.
CK_INLINE void CK_NAME(pass_residuals)(
    const ck_rows *rows, const long count, const ck_loss kind, float delta, float more, long i, float *m, state *s) {
    const float *labels = rows->labels + i, *weights = rows->weights ? rows->weights + i : 0;
    switch (kind) {
    case ck_logistic: {
        f8 linear, e = CK_NAME(logistic8)(count, m, 0, 0, labels, weights, m, &linear);
        if (weights)
            s->loss += WIDE(CK_NAME(load8)(weights, count, 0) * (linear + CK_NAME(vlog1p)(e)));
        else {
            d8 wide = WIDE(e);
            s->product = s->product * wide + (s->product + wide);
            s->loss += WIDE(linear);
        }
        break;
    }
    case ck_squared_error: s->loss += CK_NAME(squared_error_8)(count, delta, m, 0, 0, labels, weights, m); break;
    case ck_squared_hinge: s->loss += CK_NAME(squared_hinge_8)(count, delta, m, 0, 0, labels, weights, m); break;
    case ck_huber: s->loss += CK_NAME(huber_8)(count, delta, m, 0, 0, labels, weights, m); break;
    case ck_poisson: s->loss += CK_NAME(poisson_8)(count, delta, m, 0, 0, labels, weights, m); break;
    }
    f8 r = CK_NAME(load8)(m, count, 0);
    s->residuals += WIDE(r);
    if (rows->norms) s->squares += WIDE(r * r * (CK_NAME(load8)(rows->norms + i, count, 0) + more));
}

CK_INLINE void CK_NAME(pass_fold)(state *s, double *loss) {
    double product = s->product[0];
    for (int k = 1; k < 8; k++) product = product * s->product[k] + (product + s->product[k]);
    *loss += log1p(product);
    s->product = (d8){0};
}

// Columns `from` ..< `to` of g += Σ r[i] x_i over four rows.
CK_INLINE void CK_NAME(add_four)(const float *x, long stride, const float *r, float *g, long from, long to) {
    const float *p = x, *q = p + stride, *s = q + stride, *t = s + stride;
    vf rp = r[0] - (vf){0}, rq = r[1] - (vf){0}, rs = r[2] - (vf){0}, rt = r[3] - (vf){0};
    for (long j = from; j < to; j += CK_LANES) {
        vf sum = AT(vf, g + j);
        sum += rp * AT(vf, p + j);
        sum += rq * AT(vf, q + j);
        sum += rs * AT(vf, s + j);
        sum += rt * AT(vf, t + j);
        PUT(vf, g + j) = sum;
    }
}

#if CK_LANES == 16
// Margins of four rows, each followed by a quarter of the columns of the four rows before, whose residuals are r: they
// are done by then, and memory never waits long.
CK_INLINE void CK_NAME(margins_and_add)(
    const float *x, const long width, const float *w, float offset, float *m, const float *r, float *g) {
    const long quarter = width / 64 * 16;
    const float *last = x - 4 * width;
    vf a = CK_NAME(product)(x, w, width);
    CK_NAME(add_four)(last, width, r, g, 0, quarter);
    vf b = CK_NAME(product)(x + width, w, width);
    CK_NAME(add_four)(last, width, r, g, quarter, 2 * quarter);
    vf c = CK_NAME(product)(x + 2 * width, w, width);
    CK_NAME(add_four)(last, width, r, g, 2 * quarter, 3 * quarter);
    vf d = CK_NAME(product)(x + 3 * width, w, width);
    CK_NAME(add_four)(last, width, r, g, 3 * quarter, width);
    PUT(f4, m) = offset + CK_NAME(lane_sums)(a, b, c, d);
}

// g += Σ r[i] x_i over a block that lies in the second-level cache: eight vectors of g at a time stay in registers.
CK_INLINE void CK_NAME(add_by_columns)(
    const float *x, long stride, long rows, long width, const float *r, float *g) {
    const long chunk = 8 * CK_LANES;
    long j = 0;
    for (; j + chunk <= width; j += chunk) {
        vf sum[8];
        for (int v = 0; v < 8; v++) sum[v] = AT(vf, g + j + v * CK_LANES);
        for (long i = 0; i < rows; i++) {
            const float *p = x + i * stride + j;
            for (int v = 0; v < 8; v++) sum[v] += r[i] * AT(vf, p + v * CK_LANES);
        }
        for (int v = 0; v < 8; v++) PUT(vf, g + j + v * CK_LANES) = sum[v];
    }
    for (; j < width; j += CK_LANES) {
        vf sum = AT(vf, g + j);
        for (long i = 0; i < rows; i++) sum += r[i] * AT(vf, x + i * stride + j);
        PUT(vf, g + j) = sum;
    }
}

#endif

// What has been added up so far, and what it will be added to.
typedef struct CK_NAME(pass_totals) {
    state sums;
    double loss;
    long pending, factors;
} CK_NAME(pass_totals);
#define totals CK_NAME(pass_totals)

CK_INLINE void CK_NAME(pass_losses)(
    const ck_rows *rows, const long count, const ck_loss kind, float delta, float more, long i, float *m, state *sums) {
    state s = *sums; // in registers
    long k = 0;
    for (; k + 8 <= count; k += 8) CK_NAME(pass_residuals)(rows, 8, kind, delta, more, i + k, m + k, &s);
    if (k + 4 <= count) {
        CK_NAME(pass_residuals)(rows, 4, kind, delta, more, i + k, m + k, &s);
        k += 4;
    }
    if (k < count) CK_NAME(pass_residuals)(rows, count - k, kind, delta, more, i + k, m + k, &s);
    *sums = s;
}

// `count` ≤ 64 rows from row i on have margins m: they become residuals.
CK_INLINE void CK_NAME(pass_block)(const ck_pass *p, const ck_rows *rows, const long count, long i, float *m, totals *t) {
    const float delta = (float)p->delta, more = (float)p->extra;
#define LOSSES(kind) \
    case kind: CK_NAME(pass_losses)(rows, count, kind, delta, more, i, m, &t->sums); break;
    switch (p->kind) {
        LOSSES(ck_logistic)
        LOSSES(ck_squared_error)
        LOSSES(ck_squared_hinge)
        LOSSES(ck_huber)
        LOSSES(ck_poisson)
    }
#undef LOSSES
    t->factors += count;
    if (t->factors >= 640) {
        CK_NAME(pass_fold)(&t->sums, &t->loss);
        t->factors = 0;
    }
}

// `count` more rows are in g.
CK_INLINE void CK_NAME(pass_added)(const ck_pass *p, long count, totals *t) {
    t->pending += count;
    if (t->pending >= 64) {
        CK_NAME(flush)(1, p->columns, p->stride, p->g, p->sums);
        t->pending = 0;
    }
}

CK_INLINE void CK_NAME(pass_done)(const ck_pass *p, totals *t, ck_pass_sums *out) {
    if (t->pending > 0) CK_NAME(flush)(1, p->columns, p->stride, p->g, p->sums);
    CK_NAME(pass_fold)(&t->sums, &t->loss);
    out->loss += t->loss + CK_NAME(d8_sum)(t->sums.loss);
    out->squares += CK_NAME(d8_sum)(t->sums.squares);
    out->residuals += CK_NAME(d8_sum)(t->sums.residuals);
}

#if CK_LANES == 16
// Rows of up to 256 floats, the narrow ones of a width that the compiler knows.
CK_INLINE void CK_NAME(pass_narrow)(const ck_pass *p, const ck_rows *rows, const long width, ck_pass_sums *out) {
    const long fitting = 1024 / width / 4 * 4, block = fitting > 16 ? 16 : fitting < 4 ? 4 : fitting;
    const float *x = rows->x;
    totals t = {0};
    float m[16];
    for (long i = 0; i < rows->count; i += block, x += block * width) {
        const long count = rows->count - i < block ? rows->count - i : block;
        CK_NAME(margins_of)(x, width, count, width, p->w, p->offset, m);
        CK_NAME(pass_block)(p, rows, count, i, m, &t);
        CK_NAME(add_rows)(x, width, count, width, m, p->g);
        CK_NAME(pass_added)(p, count, &t);
    }
    CK_NAME(pass_done)(p, &t, out);
}

// Rows of 272 to 576 floats.
static void CK_NAME(pass_medium)(const ck_pass *p, const ck_rows *rows, ck_pass_sums *out) {
    const long width = p->stride, fours = rows->count / 4 * 4, rest = rows->count - fours;
    const float *x = rows->x;
    totals t = {0};
    float m[8], *now = m, *before = m + 4;
    if (fours > 0) {
        CK_NAME(margins_of)(x, width, 4, width, p->w, p->offset, before);
        CK_NAME(pass_block)(p, rows, 4, 0, before, &t);
        for (long i = 4; i < fours; i += 4) {
            CK_NAME(margins_and_add)(x + i * width, width, p->w, p->offset, now, before, p->g);
            CK_NAME(pass_added)(p, 4, &t);
            CK_NAME(pass_block)(p, rows, 4, i, now, &t);
            float *swap = now;
            now = before;
            before = swap;
        }
        CK_NAME(add_rows)(x + (fours - 4) * width, width, 4, width, before, p->g);
        CK_NAME(pass_added)(p, 4, &t);
    }
    if (rest > 0) {
        x += fours * width;
        CK_NAME(margins_of)(x, width, rest, width, p->w, p->offset, now);
        CK_NAME(pass_block)(p, rows, rest, fours, now, &t);
        CK_NAME(add_rows)(x, width, rest, width, now, p->g);
        CK_NAME(pass_added)(p, rest, &t);
    }
    CK_NAME(pass_done)(p, &t, out);
}

static void CK_NAME(pass_wide)(const ck_pass *p, const ck_rows *rows, ck_pass_sums *out) {
    const long width = p->stride, fitting = (512 << 10) / (4 * width) / 8 * 8;
    const long block = fitting > 64 ? 64 : fitting < 8 ? 8 : fitting;
    const float *x = rows->x;
    totals t = {0};
    float m[64];
    for (long i = 0; i < rows->count; i += block, x += block * width) {
        const long count = rows->count - i < block ? rows->count - i : block;
        CK_NAME(margins_of)(x, width, count, width, p->w, p->offset, m);
        CK_NAME(pass_block)(p, rows, count, i, m, &t);
        CK_NAME(add_by_columns)(x, width, count, width, m, p->g);
        CK_NAME(pass_added)(p, count, &t);
    }
    CK_NAME(pass_done)(p, &t, out);
}

#else
// `margins_apart` while the four rows at `last`, whose residuals are r, are added to g.
CK_INLINE void CK_NAME(margins_apart_and_add)(
    const float *x, const long width, long q, const float *w, float offset, float *m, const float *last, const float *r,
    float *g) {
    const float *x1 = x + q * width, *x2 = x1 + q * width, *x3 = x2 + q * width;
    const float *y1 = last + width, *y2 = y1 + width, *y3 = y2 + width;
    vf r0 = r[0] - (vf){0}, r1 = r[1] - (vf){0}, r2 = r[2] - (vf){0}, r3 = r[3] - (vf){0};
    vf a = {0}, b = {0}, c = {0}, d = {0};
    for (long j = 0; j < width; j += CK_LANES) {
        vf wj = AT(vf, w + j), sum = AT(vf, g + j);
        a += AT(vf, x + j) * wj;
        sum += r0 * AT(vf, last + j);
        b += AT(vf, x1 + j) * wj;
        sum += r1 * AT(vf, y1 + j);
        c += AT(vf, x2 + j) * wj;
        sum += r2 * AT(vf, y2 + j);
        d += AT(vf, x3 + j) * wj;
        sum += r3 * AT(vf, y3 + j);
        PUT(vf, g + j) = sum;
    }
    CK_NAME(put_apart)(m, q, offset + CK_NAME(lane_sums)(a, b, c, d));
}

__attribute__((noinline)) static void CK_NAME(pass_block_of_streams)(
    const ck_pass *p, const ck_rows *rows, long count, long i, float *m, totals *t) {
    for (long k = 0; k < count; k += 64) CK_NAME(pass_block)(p, rows, count - k < 64 ? count - k : 64, i + k, m + k, t);
}

// Blocks of 128 KB, in the second-level cache until they are added; the narrow rows of a width that the compiler knows.
CK_INLINE void CK_NAME(pass_streams)(const ck_pass *p, const ck_rows *rows, const long width, ck_pass_sums *out) {
    const long fitting = (128 << 10) / (4 * width) / 8 * 8;
    const long block = fitting > 512 ? 512 : fitting < 4 ? 4 : fitting, fours = rows->count / 4 * 4;
    const float *x = rows->x, *last = x;
    totals t = {0};
    float m[2][512], *now = m[0], *before = m[1];
    long done = 0, waiting = 0;
    while (done < fours) {
        const long count = fours - done < block ? fours - done : block, q = count / 4;
        for (long k = 0; k < q; k++) {
            const float *next = x + k * width;
            if (4 * k < waiting) {
                CK_NAME(margins_apart_and_add)(
                    next, width, q, p->w, p->offset, now + k, last + 4 * k * width, before + 4 * k, p->g);
                CK_NAME(pass_added)(p, 4, &t);
            } else
                CK_NAME(margins_apart)(next, width, q, p->w, p->offset, now + k);
        }
        for (long k = count; k < waiting; k += 4) {
            CK_NAME(add_four)(last + k * width, width, before + k, p->g, 0, width);
            CK_NAME(pass_added)(p, 4, &t);
        }
        CK_NAME(pass_block_of_streams)(p, rows, count, done, now, &t);
        float *swap = now;
        now = before;
        before = swap;
        last = x;
        waiting = count;
        x += count * width;
        done += count;
    }
    for (long k = 0; k < waiting; k += 4) {
        CK_NAME(add_four)(last + k * width, width, before + k, p->g, 0, width);
        CK_NAME(pass_added)(p, 4, &t);
    }
    const long rest = rows->count - fours;
    if (rest > 0) {
        CK_NAME(margins_of)(x, width, rest, width, p->w, p->offset, now);
        CK_NAME(pass_block_of_streams)(p, rows, rest, fours, now, &t);
        CK_NAME(add_rows)(x, width, rest, width, now, p->g);
        CK_NAME(pass_added)(p, rest, &t);
    }
    CK_NAME(pass_done)(p, &t, out);
}
#endif

static void CK_NAME(pass)(const ck_pass *p, const ck_rows *rows, ck_pass_sums *out) {
#if CK_LANES == 16
    switch (p->stride) {
    case 16: return CK_NAME(pass_narrow)(p, rows, 16, out);
    case 32: return CK_NAME(pass_narrow)(p, rows, 32, out);
    case 48: return CK_NAME(pass_narrow)(p, rows, 48, out);
    case 64: return CK_NAME(pass_narrow)(p, rows, 64, out);
    default: break;
    }
    if (p->stride <= 256) CK_NAME(pass_narrow)(p, rows, p->stride, out);
    else if (p->stride <= 576) CK_NAME(pass_medium)(p, rows, out);
    else CK_NAME(pass_wide)(p, rows, out);
#else
    switch (p->stride) {
    case 16: return CK_NAME(pass_streams)(p, rows, 16, out);
    case 32: return CK_NAME(pass_streams)(p, rows, 32, out);
    case 48: return CK_NAME(pass_streams)(p, rows, 48, out);
    case 64: return CK_NAME(pass_streams)(p, rows, 64, out);
    default: return CK_NAME(pass_streams)(p, rows, p->stride, out);
    }
#endif
}

#undef totals
#undef state
