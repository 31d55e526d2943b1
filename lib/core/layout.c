/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * First fit, the largest first: they have the least choice. No layout needs
 * less than the tensors that live at one time. Where one needs more, a tensor
 * has found only gaps that are too small; the first of these is placed before
 * all others the next time. A tower's blocks are alike, so that this takes an
 * attempt or two for each; then nothing is lost between tensors whose sizes are
 * nearly, but not quite, the same. */
#include "layout.h"

#include "size.h"

#define ALIGNMENT 256
#define MAX_ATTEMPTS 100
#define MAX_PAIRS 100000000 /* that are compared: a tenth of a second */

typedef struct {
  VattTensor *tensor;
  size_t bytes;
  size_t offset; /* of this attempt */
} Item;

static gboolean
too_large (GError **error)
{
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
      "activations need more bytes than memory addresses");
  return FALSE;
}

static int
by_size (gconstpointer a, gconstpointer b)
{
  size_t left = ((const Item *)a)->bytes;
  size_t right = ((const Item *)b)->bytes;
  return left > right ? -1 : left < right;
}

static gboolean
collect (const GPtrArray *tensors, GArray *items, GError **error)
{
  for (guint t = 0; t < tensors->len; t++) {
    Item item = { .tensor = g_ptr_array_index (tensors, t) };
    if (item.tensor->arena != VATT_ARENA_ACTIVATION || item.tensor->over)
      continue;
    if (!vatt_tensor_bytes (item.tensor, &item.bytes, error))
      return FALSE;
    if (!vatt_size_align (item.bytes, ALIGNMENT, &item.bytes))
      return too_large (error);
    g_array_append_val (items, item);
  }
  g_array_sort (items, by_size);
  return TRUE;
}

static gboolean
meet (const VattTensor *a, const VattTensor *b)
{
  return a->first <= b->last && b->first <= a->last;
}

/* The most that lives at one time: that is so where some life begins. */
static gboolean
find_least (const GArray *items, size_t *least, GError **error)
{
  *least = 0;
  for (guint i = 0; i < items->len; i++) {
    guint node = g_array_index (items, Item, i).tensor->first;
    size_t sum = 0;
    for (guint j = 0; j < items->len; j++) {
      const Item *other = &g_array_index (items, Item, j);
      if (other->tensor->first <= node && node <= other->tensor->last &&
          !vatt_size_add (sum, other->bytes, &sum))
        return too_large (error);
    }
    *least = MAX (*least, sum);
  }
  return TRUE;
}

/* Where an item of this offset belongs among the placed, which are sorted. */
static guint
place_in_order (const GArray *placed, size_t offset)
{
  guint i = placed->len;
  while (i && g_array_index (placed, Item, i - 1).offset > offset)
    i--;
  return i;
}

/* The lowest gap that is large enough among the placed items (sorted by
 * offset) whose lives meet this one's. */
static gboolean
place (const GArray *placed, Item *item, size_t *end, GError **error)
{
  item->offset = 0;
  for (guint i = 0; i < placed->len; i++) {
    const Item *other = &g_array_index (placed, Item, i);
    if (!meet (other->tensor, item->tensor))
      continue;
    if (item->offset + item->bytes <= other->offset)
      break;
    item->offset = MAX (item->offset, other->offset + other->bytes);
  }
  return vatt_size_add (item->offset, item->bytes, end) || too_large (error);
}

/* Places all in the order in which they are; above: the number of the first
 * that ends above limit, if any does. */
static gboolean
attempt (
    GArray *items, size_t limit, size_t *bytes, guint *above, GError **error)
{
  g_autoptr (GArray) placed =
      g_array_sized_new (FALSE, FALSE, sizeof (Item), items->len);
  *bytes = 0;
  for (guint i = 0; i < items->len; i++) {
    Item *item = &g_array_index (items, Item, i);
    size_t end;
    if (!place (placed, item, &end, error))
      return FALSE;
    if (end > limit && *bytes <= limit)
      *above = i;
    *bytes = MAX (*bytes, end);
    g_array_insert_val (placed, place_in_order (placed, item->offset), *item);
  }
  return TRUE;
}

static void
move_to_front (GArray *items, guint i)
{
  const Item item = g_array_index (items, Item, i);
  g_array_remove_index (items, i);
  g_array_prepend_val (items, item);
}

gboolean
vatt_layout_tensors (const GPtrArray *tensors, size_t *bytes, GError **error)
{
  g_autoptr (GArray) items = g_array_new (FALSE, FALSE, sizeof (Item));
  size_t least, needed;
  guint above = 0;
  if (!collect (tensors, items, error) || !find_least (items, &least, error))
    return FALSE;
  *bytes = SIZE_MAX;
  for (guint n = 0; n<MAX_ATTEMPTS && * bytes> least; n++) {
    if (!attempt (items, least, &needed, &above, error))
      return FALSE;
    for (guint i = 0; i < items->len && needed < *bytes; i++) {
      const Item *item = &g_array_index (items, Item, i);
      item->tensor->offset = item->offset;
    }
    *bytes = MIN (*bytes, needed);
    if (needed > least)
      move_to_front (items, above);
  }
  for (guint t = 0; t < tensors->len; t++) {
    VattTensor *tensor = g_ptr_array_index (tensors, t);
    if (tensor->over)
      tensor->offset = tensor->over->offset;
  }
  return TRUE;
}
