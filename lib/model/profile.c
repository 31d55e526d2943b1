/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Profiles of plans. */
#include "profile.h"

#include <string.h>

static double
size_of (const VattTensor *tensor)
{
  return tensor ? (double)vatt_tensor_count (tensor) *
                      (double)vatt_dtype_size (tensor->stored)
                : 0;
}

static double
bytes_of (const VattNode *node)
{
  double bytes = size_of (node->out) + size_of (node->dout);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    bytes += size_of (node->in[i]) + size_of (node->din[i]);
  return bytes;
}

static VattProfileRow *
row_of (GArray *rows, const VattNode *node)
{
  for (guint r = 0; r < rows->len; r++) {
    VattProfileRow *row = &g_array_index (rows, VattProfileRow, r);
    if (row->backward == node->backward &&
        strcmp (row->op, node->op->name) == 0)
      return row;
  }
  VattProfileRow fresh = { .op = node->op->name, .backward = node->backward };
  g_array_append_val (rows, fresh);
  return &g_array_index (rows, VattProfileRow, rows->len - 1);
}

void
vatt_profile_add (GArray *rows, const VattPlan *plan, const double *seconds)
{
  for (guint n = 0; n < plan->nodes->len; n++) {
    const VattNode *node = g_ptr_array_index (plan->nodes, n);
    VattProfileRow *row = row_of (rows, node);
    row->count++;
    row->seconds += seconds ? seconds[n] : 0;
    row->flop += node->op->flop ? node->op->flop (node, FALSE) : 0;
    row->bytes += bytes_of (node);
  }
}
