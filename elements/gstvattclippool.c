/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A clip of a big model is 19 MB; touching fresh pages for every window would
 * cost more than filling them. The pool keeps a few spare clips. It does not
 * limit how many are out: that would stop a pipeline whose application keeps
 * samples. Who can wait for one to come back is told when that is worth it. */
#include "gstvattclippool.h"

#include "gstvattcaps.h"

#define MAX_SPARE 2
/* To fill a clip takes little beside what a model does with it, but some: of
 * smaller ones there may well be two, so that nobody waits for that. */
#define LARGE (4 << 20)

struct _GstVattClipPool {
  gatomicrefcount refs; /* one for the element, one for each clip outside */
  VattModality modality;
  guint grid[3];
  guint token_size;
  gsize bytes; /* of a full clip */
  GMutex lock;
  guint n_spare;              /* under lock */
  VattClip *spare[MAX_SPARE]; /* owned; under lock */
};

/* What a memory keeps until it is released. */
typedef struct {
  GstVattClipPool *pool; /* a reference */
  VattClip *clip;        /* owned */
} ClipLoan;

GstVattClipPool *
gst_vatt_clip_pool_new (VattModality modality, const VattFrontEnd *front_end)
{
  GstVattClipPool *pool = g_new0 (GstVattClipPool, 1);
  g_atomic_ref_count_init (&pool->refs);
  g_mutex_init (&pool->lock);
  pool->modality = modality;
  for (guint i = 0; i < 3; i++)
    pool->grid[i] = front_end->grid[i];
  pool->token_size = front_end->token_size;
  pool->bytes = (gsize)gst_vatt_front_end_tokens (front_end) *
                front_end->token_size * sizeof (float);
  return pool;
}

void
gst_vatt_clip_pool_unref (GstVattClipPool *pool)
{
  if (!g_atomic_ref_count_dec (&pool->refs))
    return;
  for (guint i = 0; i < pool->n_spare; i++)
    vatt_clip_free (pool->spare[i]);
  g_mutex_clear (&pool->lock);
  g_free (pool);
}

static void
end_loan (gpointer data)
{
  ClipLoan *loan = data;
  GstVattClipPool *pool = loan->pool;
  g_mutex_lock (&pool->lock);
  gboolean keep = pool->n_spare < MAX_SPARE;
  if (keep)
    pool->spare[pool->n_spare++] = loan->clip;
  g_mutex_unlock (&pool->lock);
  if (!keep)
    vatt_clip_free (loan->clip);
  gst_vatt_clip_pool_unref (pool);
  g_free (loan);
}

/* Whether a large clip would have to be made while others are out. */
gboolean
gst_vatt_clip_pool_should_wait (GstVattClipPool *pool)
{
  g_mutex_lock (&pool->lock);
  gboolean spare = pool->n_spare > 0;
  g_mutex_unlock (&pool->lock);
  return pool->bytes >= LARGE && !spare &&
         !g_atomic_ref_count_compare (&pool->refs, 1);
}

/* Returns: (transfer full): a full clip; its values are unspecified */
VattClip *
gst_vatt_clip_pool_acquire (GstVattClipPool *pool, GError **error)
{
  g_mutex_lock (&pool->lock);
  VattClip *clip = pool->n_spare ? pool->spare[--pool->n_spare] : NULL;
  g_mutex_unlock (&pool->lock);
  if (!clip)
    return vatt_clip_new (
        pool->modality, 1, pool->grid, pool->token_size, error);
  vatt_clip_reset (clip);
  return clip;
}

/*
 * gst_vatt_clip_pool_wrap:
 * @pool: the pool @clip is from
 * @clip: (transfer full): a filled clip
 * @n_tokens: how many of its tokens to send, from the first
 *
 * Returns: (transfer full): a buffer over the clip's own memory
 */
GstBuffer *
gst_vatt_clip_pool_wrap (GstVattClipPool *pool, VattClip *clip, guint n_tokens)
{
  ClipLoan *loan = g_new (ClipLoan, 1);
  loan->pool = pool;
  loan->clip = clip;
  g_atomic_ref_count_inc (&pool->refs);
  gpointer data = pool->modality == VATT_TEXT
                      ? (gpointer)vatt_clip_writable_ids (clip)
                      : (gpointer)vatt_clip_writable_values (clip);
  gsize size = (gsize)n_tokens * pool->token_size * sizeof (float);
  return gst_buffer_new_wrapped_full (
      GST_MEMORY_FLAG_READONLY, data, size, 0, size, loan, end_loan);
}
