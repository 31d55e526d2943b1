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
  guint grid_tokens;   /* product of grid */
  guint tokens;        /* of each item; fewer than grid_tokens after a drop */
  gsize count;         /* batch * tokens * token_size */
  guint kept_rows;     /* 0: of a full clip, which has no kept indices */
  gint32 *kept;        /* (kept_rows, tokens) */
  gboolean is_dropped; /* storage has room for the kept tokens only */
  void *storage;       /* owned values; NULL in a clip over bytes */
  GBytes *bytes;       /* shared values; NULL in a clip of its own */
  const void *data;    /* of the one or the other: float or gint32 */
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
  return clip;
}

static gboolean
check_keep (const VattClip *clip, guint keep, GError **error)
{
  if (keep > 0 && keep <= clip->grid_tokens)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
      "%s clip: %u tokens to keep, expected 1 to %u",
      vatt_modality_name (clip->modality), keep, clip->grid_tokens);
  return FALSE;
}

static void
set_kept (VattClip *clip, guint tokens, guint kept_rows)
{
  clip->tokens = tokens;
  clip->count = (gsize)clip->batch * tokens * clip->token_size;
  clip->kept_rows = kept_rows;
}

/* Room for count values and that many kept indices. */
static gboolean
make_room (VattClip *clip, gsize indices, GError **error)
{
  gsize size = clip->count * sizeof (float);
  if (posix_memalign (&clip->storage, ALIGNMENT, size) != 0)
    clip->storage = NULL;
  if (indices > 0)
    clip->kept = g_try_new (gint32, indices);
  if (clip->storage == NULL || (indices > 0 && clip->kept == NULL)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "%s clip: no memory for %zu bytes", vatt_modality_name (clip->modality),
        size);
    return FALSE;
  }
  memset (clip->storage, 0, size);
  clip->data = clip->storage;
  return TRUE;
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
  /* A batch whose values fit memory has less indices than values. */
  gsize indices = modality == VATT_TEXT ? 0 : (gsize)batch * clip->grid_tokens;
  return make_room (clip, indices, error) ? g_steal_pointer (&clip) : NULL;
}

VattClip *
vatt_clip_new_dropped (VattModality modality, guint batch, const guint grid[3],
    guint token_size, guint tokens, GError **error)
{
  g_return_val_if_fail ((guint)modality < VATT_N_MODALITIES, NULL);
  g_return_val_if_fail (modality != VATT_TEXT && grid != NULL, NULL);

  g_autoptr (VattClip) clip =
      clip_shape (modality, batch, grid, token_size, error);
  if (clip == NULL || !check_keep (clip, tokens, error))
    return NULL;
  set_kept (clip, tokens, batch);
  if (!make_room (clip, (gsize)batch * tokens, error))
    return NULL;
  for (gsize i = 0; i < (gsize)batch * tokens; i++)
    clip->kept[i] = (gint32)(i % tokens);
  clip->is_dropped = TRUE;
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
  clip->kept_rows = 1;
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
  set_kept (clip, tokens, 0);

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
  return clip->kept_rows > 0 ? clip->kept : NULL;
}

guint
vatt_clip_kept_rows (const VattClip *clip)
{
  g_return_val_if_fail (clip != NULL, 0);
  return clip->kept_rows;
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

gint32 *
vatt_clip_writable_kept (VattClip *clip)
{
  g_return_val_if_fail (clip != NULL && clip->is_dropped, NULL);
  return clip->kept;
}

guint
vatt_drop_rate_keep (guint tokens, double drop_rate)
{
  g_return_val_if_fail (drop_rate >= 0.0 && drop_rate < 1.0, tokens);
  /* 0.9 of 10 is to leave 1, whatever 1 - 0.9 is. */
  return MAX (1, (guint)((1.0 - drop_rate) * tokens + 1e-6));
}

/* Chooses keep of n indices, rising, into kept. Selection sampling: index i is
 * taken with probability (still wanted) / (still to come), which makes all
 * subsets equally likely (Knuth, TAOCP 2, 3.4.2, algorithm S). A random 32-bit
 * number r is below p 2^32 with probability p to within 2^-32. Numbers are
 * those of the item's own 2^34 of a stream. */
static void
choose_tokens (
    gint32 *kept, guint keep, guint n, guint item, guint64 seed, guint64 stream)
{
  const guint64 first = (guint64)item << 32;
  guint found = 0;
  guint32 lanes[4];
  for (guint i = 0; found < keep; i++) {
    if (i % 4 == 0)
      vatt_rng_u32x4 (seed, first + i / 4, stream, lanes);
    if (((guint64)lanes[i % 4] * (n - i)) >> 32 < keep - found)
      kept[found++] = (gint32)i;
  }
}

/* Drops what rows of kept indices do not name. */
static gboolean
drop_tokens (VattClip *clip, guint keep, guint rows, guint64 seed,
    guint64 stream, GError **error)
{
  if (!check_keep (clip, keep, error))
    return FALSE;
  for (guint row = 0; row < rows; row++)
    choose_tokens (clip->kept + (gsize)row * keep, keep, clip->grid_tokens, row,
        seed, stream);

  /* Moved in rising order every token goes down or stays, so none is
   * overwritten before its turn. */
  float *values = clip->storage;
  gsize size = clip->token_size;
  for (gsize item = 0; item < clip->batch; item++) {
    const gint32 *kept = clip->kept + item % rows * keep;
    const float *from = values + item * clip->grid_tokens * size;
    float *to = values + item * keep * size;
    for (gsize i = 0; i < keep; i++)
      memmove (to + i * size, from + (gsize)kept[i] * size, size * sizeof *to);
  }
  set_kept (clip, keep, rows);
  return TRUE;
}

gboolean
vatt_clip_drop_tokens (
    VattClip *clip, guint keep, guint64 seed, guint64 stream, GError **error)
{
  g_return_val_if_fail (clip != NULL && clip->modality != VATT_TEXT, FALSE);
  g_return_val_if_fail (clip->storage != NULL && clip->kept_rows == 0, FALSE);
  return drop_tokens (clip, keep, 1, seed, stream, error);
}

gboolean
vatt_clip_drop_tokens_each (
    VattClip *clip, guint keep, guint64 seed, guint64 stream, GError **error)
{
  g_return_val_if_fail (clip != NULL && clip->modality != VATT_TEXT, FALSE);
  g_return_val_if_fail (clip->storage != NULL && clip->kept_rows == 0, FALSE);
  return drop_tokens (clip, keep, clip->batch, seed, stream, error);
}

void
vatt_clip_reset (VattClip *clip)
{
  g_return_if_fail (clip != NULL && clip->storage != NULL);
  g_return_if_fail (!clip->is_dropped);
  set_kept (clip, clip->grid_tokens, 0);
}

gboolean
vatt_clip_check_kept (const VattClip *clip, GError **error)
{
  g_return_val_if_fail (clip != NULL, FALSE);
  gsize n = (gsize)clip->kept_rows * clip->tokens;
  for (gsize i = 0; i < n; i++)
    if (clip->kept[i] < 0 || (guint)clip->kept[i] >= clip->grid_tokens) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
          "%s clip: kept token %zu of item %zu is %d, expected 0 to %u",
          vatt_modality_name (clip->modality), i % clip->tokens,
          i / clip->tokens, clip->kept[i], clip->grid_tokens - 1);
      return FALSE;
    }
  return TRUE;
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
