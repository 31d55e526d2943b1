/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The clip: shape, storage, DropToken. How raw data become patches is in
 * clip-fill.c. */
#include <stdlib.h>
#include <string.h>

#include <vatt/clip.h>

#include "rng.h"
#include "size.h"

#define ALIGNMENT 64

struct _VattClip {
  gatomicrefcount refs;
  VattModality modality;
  guint batch;
  guint grid[3];
  guint token_size;
  guint grid_tokens; /* product of grid */
  guint tokens;      /* of each item; fewer than grid_tokens after a drop */
  gsize count;       /* batch * tokens * token_size */
  gboolean is_full;  /* no kept indices apply */
  gint32 *kept;      /* (tokens) where not full; room for grid_tokens */
  void *storage;     /* owned values; NULL in a clip over bytes */
  GBytes *bytes;     /* shared values; NULL in a clip of its own */
  const void *data;  /* of the one or the other: float or gint32 */
};

G_DEFINE_BOXED_TYPE (VattClip, vatt_clip, vatt_clip_ref, vatt_clip_free)

static gboolean
check_shape (VattModality modality, guint batch, const guint grid[3],
    guint token_size, GError **error)
{
  const char *name = vatt_modality_name (modality);
  if (batch == 0 || grid[0] == 0 || grid[1] == 0 || grid[2] == 0 ||
      token_size == 0) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%s clip: %u items of %ux%ux%u tokens of %u values, expected 1 or more "
        "of each",
        name, batch, grid[0], grid[1], grid[2], token_size);
    return FALSE;
  }
  if (modality == VATT_TEXT &&
      (grid[1] != 1 || grid[2] != 1 || token_size != 1)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "text clip: %ux%ux%u tokens of %u values, expected words x1x1 of 1",
        grid[0], grid[1], grid[2], token_size);
    return FALSE;
  }
  return TRUE;
}

/* A clip of this shape without values; grid_tokens fits gint32, and the bytes
 * of batch * grid_tokens values fit gssize. */
static VattClip *
clip_shape (VattModality modality, guint batch, const guint grid[3],
    guint token_size, GError **error)
{
  if (!check_shape (modality, batch, grid, token_size, error))
    return NULL;
  gsize tokens, count, bytes;
  if (!vatt_size_multiply (grid[0], grid[1], &tokens) ||
      !vatt_size_multiply (tokens, grid[2], &tokens) || tokens > G_MAXINT32 ||
      !vatt_size_multiply (tokens, batch, &count) ||
      !vatt_size_multiply (count, token_size, &count) ||
      !vatt_size_multiply (count, sizeof (float), &bytes) ||
      bytes > G_MAXSSIZE) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%s clip: %u items of %ux%ux%u tokens of %u values, expected fewer",
        vatt_modality_name (modality), batch, grid[0], grid[1], grid[2],
        token_size);
    return NULL;
  }
  VattClip *clip = g_new0 (VattClip, 1);
  g_atomic_ref_count_init (&clip->refs);
  clip->modality = modality;
  clip->batch = batch;
  memcpy (clip->grid, grid, sizeof clip->grid);
  clip->token_size = token_size;
  clip->grid_tokens = clip->tokens = (guint)tokens;
  clip->count = count;
  clip->is_full = TRUE;
  return clip;
}

VattClip *
vatt_clip_new (VattModality modality, guint batch, const guint grid[3],
    guint token_size, GError **error)
{
  g_return_val_if_fail ((guint)modality < VATT_N_MODALITIES, NULL);
  g_return_val_if_fail (grid != NULL, NULL);

  g_autoptr (VattClip) clip =
      clip_shape (modality, batch, grid, token_size, error);
  if (clip == NULL)
    return NULL;
  gsize size = clip->count * sizeof (float);
  if (posix_memalign (&clip->storage, ALIGNMENT, size) != 0)
    clip->storage = NULL;
  if (modality != VATT_TEXT)
    clip->kept = g_try_new (gint32, clip->grid_tokens);
  if (clip->storage == NULL || (modality != VATT_TEXT && clip->kept == NULL)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "%s clip: no memory for %zu bytes", vatt_modality_name (modality),
        size);
    return NULL;
  }
  memset (clip->storage, 0, size);
  clip->data = clip->storage;
  return g_steal_pointer (&clip);
}

/* Copies kept (tokens); every index is in the grid, and once only. */
static gboolean
take_kept (VattClip *clip, const gint32 *kept, GError **error)
{
  g_autofree guint8 *seen = g_try_malloc0 (clip->grid_tokens);
  clip->kept = g_try_new (gint32, clip->tokens);
  if (seen == NULL || clip->kept == NULL) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "%s clip: no memory for %u kept tokens",
        vatt_modality_name (clip->modality), clip->tokens);
    return FALSE;
  }
  for (guint i = 0; i < clip->tokens; i++) {
    if (kept[i] < 0 || (guint)kept[i] >= clip->grid_tokens || seen[kept[i]]) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
          "%s clip: kept token %u is %d, expected 0 to %u, each once",
          vatt_modality_name (clip->modality), i, kept[i],
          clip->grid_tokens - 1);
      return FALSE;
    }
    seen[kept[i]] = 1;
    clip->kept[i] = kept[i];
  }
  clip->is_full = FALSE;
  return TRUE;
}

VattClip *
vatt_clip_new_from_bytes (VattModality modality, guint batch,
    const guint grid[3], guint token_size, guint tokens, const gint32 *kept,
    GBytes *values, GError **error)
{
  g_return_val_if_fail ((guint)modality < VATT_N_MODALITIES, NULL);
  g_return_val_if_fail (grid != NULL && values != NULL, NULL);

  g_autoptr (VattClip) clip =
      clip_shape (modality, batch, grid, token_size, error);
  if (clip == NULL)
    return NULL;
  if (kept == NULL ? tokens != clip->grid_tokens
                   : tokens == 0 || tokens > clip->grid_tokens ||
                         modality == VATT_TEXT) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%s clip: %u tokens %s kept indices, expected %s%u",
        vatt_modality_name (modality), tokens, kept ? "with" : "without",
        kept && modality != VATT_TEXT ? "1 to " : "all of ", clip->grid_tokens);
    return NULL;
  }
  clip->tokens = tokens;
  clip->count = (gsize)batch * tokens * token_size;

  gsize size;
  clip->data = g_bytes_get_data (values, &size);
  if (size != clip->count * sizeof (float) ||
      (guintptr)clip->data % sizeof (float) != 0) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%s clip: %zu bytes at %p, expected %zu aligned to %zu",
        vatt_modality_name (modality), size, clip->data,
        clip->count * sizeof (float), sizeof (float));
    return NULL;
  }
  if (kept != NULL && !take_kept (clip, kept, error))
    return NULL;
  clip->bytes = g_bytes_ref (values);
  return g_steal_pointer (&clip);
}

VattClip *
vatt_clip_ref (VattClip *clip)
{
  g_return_val_if_fail (clip != NULL, NULL);
  g_atomic_ref_count_inc (&clip->refs);
  return clip;
}

void
vatt_clip_free (VattClip *clip)
{
  if (clip == NULL || !g_atomic_ref_count_dec (&clip->refs))
    return;
  g_clear_pointer (&clip->bytes, g_bytes_unref);
  free (clip->storage);
  g_free (clip->kept);
  g_free (clip);
}

VattModality
vatt_clip_modality (const VattClip *clip)
{
  g_return_val_if_fail (clip != NULL, VATT_VIDEO);
  return clip->modality;
}

guint
vatt_clip_batch (const VattClip *clip)
{
  g_return_val_if_fail (clip != NULL, 0);
  return clip->batch;
}

const guint *
vatt_clip_grid (const VattClip *clip)
{
  g_return_val_if_fail (clip != NULL, NULL);
  return clip->grid;
}

guint
vatt_clip_token_size (const VattClip *clip)
{
  g_return_val_if_fail (clip != NULL, 0);
  return clip->token_size;
}

guint
vatt_clip_tokens (const VattClip *clip)
{
  g_return_val_if_fail (clip != NULL, 0);
  return clip->tokens;
}

const gint32 *
vatt_clip_kept (const VattClip *clip)
{
  g_return_val_if_fail (clip != NULL, NULL);
  return clip->is_full ? NULL : clip->kept;
}

const float *
vatt_clip_values (const VattClip *clip)
{
  g_return_val_if_fail (clip != NULL && clip->modality != VATT_TEXT, NULL);
  return clip->data;
}

const gint32 *
vatt_clip_ids (const VattClip *clip)
{
  g_return_val_if_fail (clip != NULL && clip->modality == VATT_TEXT, NULL);
  return clip->data;
}

float *
vatt_clip_writable_values (VattClip *clip)
{
  g_return_val_if_fail (clip != NULL && clip->modality != VATT_TEXT, NULL);
  g_return_val_if_fail (clip->storage != NULL, NULL);
  return clip->storage;
}

gint32 *
vatt_clip_writable_ids (VattClip *clip)
{
  g_return_val_if_fail (clip != NULL && clip->modality == VATT_TEXT, NULL);
  g_return_val_if_fail (clip->storage != NULL, NULL);
  return clip->storage;
}

/* Chooses keep of n indices, rising, into kept. Selection sampling: index i is
 * taken with probability (still wanted) / (still to come), which makes all
 * subsets equally likely (Knuth, TAOCP 2, 3.4.2, algorithm S). A random 32-bit
 * number r is below p 2^32 with probability p to within 2^-32. */
static void
choose_tokens (gint32 *kept, guint keep, guint n, guint64 seed, guint64 stream)
{
  guint found = 0;
  guint32 lanes[4];
  for (guint i = 0; found < keep; i++) {
    if (i % 4 == 0)
      vatt_rng_u32x4 (seed, i / 4, stream, lanes);
    if (((guint64)lanes[i % 4] * (n - i)) >> 32 < keep - found)
      kept[found++] = (gint32)i;
  }
}

gboolean
vatt_clip_drop_tokens (
    VattClip *clip, guint keep, guint64 seed, guint64 stream, GError **error)
{
  g_return_val_if_fail (clip != NULL && clip->modality != VATT_TEXT, FALSE);
  g_return_val_if_fail (clip->storage != NULL && clip->is_full, FALSE);

  if (keep == 0 || keep > clip->grid_tokens) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "%s clip: %u tokens to keep, expected 1 to %u",
        vatt_modality_name (clip->modality), keep, clip->grid_tokens);
    return FALSE;
  }
  choose_tokens (clip->kept, keep, clip->grid_tokens, seed, stream);

  /* Moved in rising order every token goes down or stays, so none is
   * overwritten before its turn. */
  float *values = clip->storage;
  gsize size = clip->token_size;
  for (gsize item = 0; item < clip->batch; item++) {
    const float *from = values + item * clip->grid_tokens * size;
    float *to = values + item * keep * size;
    for (gsize i = 0; i < keep; i++)
      memmove (
          to + i * size, from + (gsize)clip->kept[i] * size, size * sizeof *to);
  }
  clip->tokens = keep;
  clip->count = (gsize)clip->batch * keep * size;
  clip->is_full = FALSE;
  return TRUE;
}

void
vatt_clip_reset (VattClip *clip)
{
  g_return_if_fail (clip != NULL && clip->storage != NULL);
  clip->tokens = clip->grid_tokens;
  clip->count = (gsize)clip->batch * clip->tokens * clip->token_size;
  clip->is_full = TRUE;
}

/* NaN and infinity are the values with all bits of the exponent set. */
static guint32
is_not_finite (guint32 bits)
{
  return (bits & 0x7f800000) == 0x7f800000;
}

gssize
vatt_clip_has_nan (const VattClip *clip)
{
  g_return_val_if_fail (clip != NULL, -1);
  if (clip->modality == VATT_TEXT)
    return -1;
  /* By blocks without a branch inside, so that the compiler can vectorise. */
  enum { BLOCK = 1024 };
  const guint8 *data = clip->data;
  for (gsize start = 0; start < clip->count; start += BLOCK) {
    gsize n = MIN (clip->count - start, (gsize)BLOCK);
    guint32 bits[BLOCK];
    guint32 any = 0;
    memcpy (bits, data + start * sizeof (float), n * sizeof (float));
    for (gsize i = 0; i < n; i++)
      any |= is_not_finite (bits[i]);
    for (gsize i = 0; any != 0 && i < n; i++)
      if (is_not_finite (bits[i]))
        return (gssize)(start + i);
  }
  return -1;
}
