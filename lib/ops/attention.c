/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * attention: y_h = softmax (scale q_h k_h^T + bias_h + mask) v_h for every
 * head h; q, y are (B, Tq, H K), k, v (B, Tk, H K), bias (H, Tq, Tk), mask
 * (B, Tk). Scores exist in blocks of a few kilobytes only. A first pass lays
 * keys and values of each head out for the second. Where there is dropout,
 * probabilities are multiplied by z, see dropout.
 *
 * On the way back probabilities are made again from the saved sums, by blocks:
 * p = e^(s - sum);  dp = dy v^T * z;  ds = p * (dp - dy . y);
 * dv += (p * z)^T dy;  dq += scale ds k;  dk += scale ds^T q;
 * dbias += sum_B (ds). Saved: log2 of the sum for each query (B, H, Tq).
 * (Dao et al. 2022.) */
#include "attention-shade-backward.h"
#include "ops.h"
#include "size.h"

/* Work tensors: what the first pass makes. */
enum {
  KEYS,
  VALUES,
};

static gboolean
attention_infer (VattPlan *plan, VattNode *node, GError **error)
{
  const VattAttention *attention = node->attributes;
  const VattSimd *simd = vatt_simd ();
  if (!vatt_node_expect (node, QUERY, "query", VATT_DTYPE_F32, 3, error) ||
      !vatt_node_expect (node, KEY, "key", VATT_DTYPE_F32, 3, error) ||
      !vatt_node_expect (node, VALUE, "value", VATT_DTYPE_F32, 3, error))
    return FALSE;
  const size_t *query = node->in[QUERY]->shape, *key = node->in[KEY]->shape;
  if (!vatt_node_expect_axis (node, KEY, "key", 0, query[0], error) ||
      !vatt_node_expect_axis (node, KEY, "key", 2, query[2], error))
    return FALSE;
  for (int axis = 0; axis < 3; axis++)
    if (!vatt_node_expect_axis (node, VALUE, "value", axis, key[axis], error))
      return FALSE;
  if (!attention->heads || !query[2] || query[2] % attention->heads ||
      !key[1]) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%zu channels in %zu heads over %zu keys", query[2], attention->heads,
        key[1]);
    return FALSE;
  }
  if (node->in[BIAS] &&
      (!vatt_node_expect (node, BIAS, "bias", VATT_DTYPE_F32, 3, error) ||
          !vatt_node_expect_axis (
              node, BIAS, "bias", 0, attention->heads, error) ||
          !vatt_node_expect_axis (node, BIAS, "bias", 1, query[1], error) ||
          !vatt_node_expect_axis (node, BIAS, "bias", 2, key[1], error)))
    return FALSE;
  if (node->in[MASK] &&
      (!vatt_node_expect (node, MASK, "mask", VATT_DTYPE_F32, 2, error) ||
          !vatt_node_expect_axis (node, MASK, "mask", 0, query[0], error) ||
          !vatt_node_expect_axis (node, MASK, "mask", 1, key[1], error)))
    return FALSE;
  if ((attention->dropout > 0.0 && !vatt_node_expect (node, RANDOM, "random",
                                       VATT_DTYPE_I32, 1, error)) ||
      (node->in[RANDOM] && !vatt_node_expect_axis (node, RANDOM, "random", 0,
                               VATT_RANDOM_WORDS, error)))
    return FALSE;
  vatt_node_set_shape (node, VATT_DTYPE_F32, 3, query);
  /* Packing rounds the sides of at least 1 up to whole panels; scratch space
   * is less than 2^19 floats for each channel. */
  size_t elements = vatt_tensor_count (node->in[KEY]), most;
  if (!vatt_size_multiply (elements, (size_t)1 << 19, &most) ||
      !vatt_size_multiply (
          elements, (simd->panel + 1) * (simd->panel + 1), &most)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "packed keys have more bytes than memory addresses");
    return FALSE;
  }
  size_t width = query[2] / attention->heads;
  size_t all = query[0] * attention->heads;
  vatt_node_add_work (plan, node, all * simd->packed_keys (key[1], width));
  vatt_node_add_work (plan, node, all * simd->packed_values (key[1], width));
  vatt_node_add_saved (plan, node, all * query[1]);
  node->scratch = simd->attend_scratch (width) * sizeof (float);
  return TRUE;
}

static size_t
key_panels (const VattNode *node)
{
  size_t panel = vatt_simd ()->panel;
  return (node->in[KEY]->shape[1] + panel - 1) / panel;
}

static size_t
pack_items (const VattNode *node)
{
  return node->in[KEY]->shape[0] * key_panels (node);
}

/* An item is one panel of keys of one sample, of all heads: whole rows are
 * read. */
static void
attention_pack (const VattNode *node, size_t item0, size_t item1, void *scratch)
{
  const VattAttention *attention = node->attributes;
  const VattSimd *simd = vatt_simd ();
  const size_t *key = node->in[KEY]->shape;
  size_t width = key[2] / attention->heads, panels = key_panels (node);
  size_t keys_size = simd->packed_keys (key[1], width);
  size_t values_size = simd->packed_values (key[1], width);
  for (size_t item = item0; item < item1; item++) {
    size_t b = item / panels, panel = item % panels;
    for (size_t h = 0; h < attention->heads; h++) {
      size_t which = b * attention->heads + h;
      simd->pack_keys (
          vatt_tensor_f32_mutable (node->work[KEYS]) + which * keys_size,
          head (node, KEY, b, h, 0), key[2], key[1], width, panel, panel + 1);
      simd->pack_values (
          vatt_tensor_f32_mutable (node->work[VALUES]) + which * values_size,
          head (node, VALUE, b, h, 0), key[2], key[1], width, panel, panel + 1);
    }
  }
}

static size_t
attend_items (const VattNode *node)
{
  const VattAttention *attention = node->attributes;
  const size_t *query = node->in[QUERY]->shape;
  return query[0] * attention->heads * query[1];
}

/* An item is one query of one head; queries of a head are neighbours. */
static void
attention_attend (
    const VattNode *node, size_t item0, size_t item1, void *scratch)
{
  const VattAttention *attention = node->attributes;
  const VattSimd *simd = vatt_simd ();
  const size_t *query = node->in[QUERY]->shape;
  size_t n_keys = node->in[KEY]->shape[1];
  size_t width = query[2] / attention->heads;
  const float *bias = vatt_tensor_f32 (node->in[BIAS]);
  const float *mask = vatt_tensor_f32 (node->in[MASK]);
  VattTensor *sums = node->saved[SUMS];
  VattDrop drop;
  for (size_t item = item0, end; item < item1; item = end) {
    size_t which = item / query[1], row = item % query[1];
    end = MIN (item1, (which + 1) * query[1]);
    size_t b = which / attention->heads, h = which % attention->heads;
    simd->attend (&(VattAttend){ .query = head (node, QUERY, b, h, row),
        .query_stride = query[2],
        .rows = end - item,
        .keys = vatt_tensor_f32 (node->work[KEYS]) +
                which * simd->packed_keys (n_keys, width),
        .values = vatt_tensor_f32 (node->work[VALUES]) +
                  which * simd->packed_values (n_keys, width),
        .n_keys = n_keys,
        .width = width,
        .scale = attention->scale,
        .bias = bias ? bias + (h * query[1] + row) * n_keys : NULL,
        .bias_stride = n_keys,
        .mask = mask ? mask + b * n_keys : NULL,
        .out = vatt_tensor_f32_mutable (node->out) +
               (b * query[1] + row) * query[2] + h * width,
        .out_stride = query[2],
        .sums = sums ? vatt_tensor_f32_mutable (sums) + item : NULL,
        .drop = drop_of (node, &drop),
        .drop_index = drop_index (node, item),
        .scratch = scratch });
  }
}

const VattOp vatt_op_attention = {
  .name = "attention",
  .infer = attention_infer,
  .flop = attention_flop,
  /* A query is read before its result is written, by that item alone. */
  .overwrites = 1u << QUERY,
  .forward = { VATT_PASS (attention, pack, pack_items),
      VATT_PASS (attention, attend, attend_items) },
  .backward = { VATT_PASS (attention, backward, heads_items),
      VATT_PASS (attention, backward_bias, bias_items) },
  .backward_reads = 1u << QUERY | 1u << KEY | 1u << VALUE | 1u << BIAS |
                    1u << MASK | 1u << RANDOM | VATT_READS_OUT,
  .infer_backward = attention_infer_backward,
};
