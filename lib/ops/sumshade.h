/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sums over rows on devices with shaders, column by column: gradients of what
 * all rows share (shaders/include/sum_rows.glsl). */
#pragma once

#include "op.h"

/* How many rows one dispatch may add whose terms are read from tensors of this
 * width, bound by these rows; parts of tensors may begin at multiples of it. */
size_t vatt_sum_rows_most (const VattShaderCaps *caps, size_t width);
/* Adds the dispatch that adds rows to sums (values of the shader's), which are
 * binding 0; others are the shader's business. */
VattDispatch *vatt_sum_rows_add (VattDispatches *all, const VattShader *shader,
    const VattTensor *sums, size_t values, gconstpointer push,
    size_t push_bytes);
