/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What optimisers share: the rule of shapes and the gradient they see. */
#pragma once

#include "attributes.h"
#include "dispatch.h"
#include "op.h"

#include <math.h>

/* Slots that have the shape of the parameter, named; then settings and the sum
 * of squares. y is empty: the op changes its inputs. */
static inline gboolean
vatt_update_infer (
    VattNode *node, const char *const *names, guint n_like, GError **error)
{
  const size_t none[] = { 0 };
  guint settings = n_like, squares = n_like + 1;
  for (guint i = 0; i < n_like; i++)
    if (!vatt_node_expect (node, i, names[i], VATT_DTYPE_F32, 1, error) ||
        !vatt_node_expect_axis (
            node, i, names[i], 0, node->in[0]->shape[0], error))
      return FALSE;
  if (!vatt_node_expect (
          node, settings, "settings", VATT_DTYPE_F32, 1, error) ||
      !vatt_node_expect_axis (node, settings, "settings", 0, 2, error))
    return FALSE;
  if (node->in[squares] &&
      (!vatt_node_expect (node, squares, "squares", VATT_DTYPE_F32, 1, error) ||
          !vatt_node_expect_axis (node, squares, "squares", 0, 1, error)))
    return FALSE;
  vatt_node_set_shape (node, VATT_DTYPE_F32, 1, none);
  return TRUE;
}

/* What every gradient is multiplied by: clip / max (|gradient|, clip). */
static inline float
vatt_update_scale (const VattUpdate *update, const VattTensor *squares)
{
  if (!squares || !(update->clip > 0.0))
    return 1.0f;
  double length = sqrt ((double)vatt_tensor_f32 (squares)[0]);
  return (float)(update->clip / fmax (length, update->clip));
}

static inline float
vatt_update_gradient (const VattUpdate *update, float gradient, float scale)
{
  return update->clean && !isfinite (gradient) ? 0.0f : gradient * scale;
}

/* What shaders are told of it; 0: gradients are not clipped. */
static inline float
vatt_update_clip (const VattUpdate *update, const VattTensor *squares)
{
  return squares && update->clip > 0.0 ? (float)update->clip : 0.0f;
}

/* Binds elements [first, first + count) of the n_like, then the rest. */
static inline void
vatt_update_bind (VattDispatch *dispatch, const VattNode *node, guint n_like,
    size_t first, size_t count)
{
  for (guint i = 0; i < n_like; i++)
    vatt_dispatch_bind (dispatch, node->in[i], first, count,
        (node->op->changes & (1u << i)) != 0);
  vatt_dispatch_read (dispatch, node->in[n_like]);
  vatt_dispatch_read (dispatch, node->in[n_like + 1]);
  vatt_dispatch_elements (dispatch, count);
}
