// Layers of networks; part of kernels_body.h. Loops over values are left to the compiler, which vectorises them for the
// set; sums have an order of their own, the same for all sets.

#include "activations_body.h"
#include "pooling_body.h"
#include "columns_body.h"
#include "gemm_body.h"
#include "rows_body.h"
#include "patches_body.h"
#include "lists_body.h"
#include "normalise_body.h"
#include "heads_body.h"
#include "dropout_body.h"

static const ck_layers CK_NAME(ck_layers) = {
    .relu = CK_NAME(relu),
    .relu_back = CK_NAME(relu_back),
    .gelu = CK_NAME(gelu),
    .gelu_back = CK_NAME(gelu_back),
    .tanh = CK_NAME(tanh),
    .tanh_back = CK_NAME(tanh_back),
    .bias_rows = CK_NAME(bias_rows),
    .bias_channels = CK_NAME(bias_channels),
    .channel_sums = CK_NAME(channel_sums),
    .row_norms = CK_NAME(row_norms),
    .add_units = CK_NAME(add_units),
    .weighted_squares = CK_NAME(weighted_squares),
    .sum_units = CK_NAME(sum_units),
    .from_units = CK_NAME(from_units),
    .max_pool = CK_NAME(max_pool),
    .max_pool_back = CK_NAME(max_pool_back),
    .average_pool = CK_NAME(average_pool),
    .average_pool_back = CK_NAME(average_pool_back),
    .matrix_product = CK_NAME(matrix_product),
    .outer_product = CK_NAME(outer_product),
    .im2col = CK_NAME(im2col),
    .col2im = CK_NAME(col2im),
    .patches = CK_NAME(patches),
    .patches_back = CK_NAME(patches_back),
    .pack_filters = CK_NAME(pack_filters),
    .filter_product = CK_NAME(filter_product),
    .pool_rows = CK_NAME(pool_rows),
    .pool_lists = CK_NAME(pool_lists),
    .listed_product = CK_NAME(listed_product),
    .normalise = CK_NAME(normalise),
    .normalise_back = CK_NAME(normalise_back),
    .softmax_head = CK_NAME(softmax_head),
    .dropout = CK_NAME(dropout),
};

#undef CK_PANEL
#undef CK_STRETCH
#undef CK_PANEL_ROWS
#undef CK_OUTER
#undef CK_GROUPED_ROWS
#undef vi
#undef vu
