/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which clip windows belong to, and what is random about it. A source of clips
 * sends the event `vatt-clip` in front of each; without it every segment is a
 * clip of epoch 0. Pictures and sound of a clip are told the same and therefore
 * begin alike. */
#include "gstvattclipmeta.h"
#include "gstvattmeta.h"
#include "gstvattwindowprivate.h"

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_window_debug);
#define GST_CAT_DEFAULT gst_vatt_window_debug

const VattAugmentParams *
gst_vatt_window_get_augmentation (GstVattWindow *self)
{
  return &PRIV (self)->augment;
}

/* Number of the next window since the start or the last flush. */
guint64
gst_vatt_window_get_number (GstVattWindow *self)
{
  return PRIV (self)->counter;
}

/*
 * gst_vatt_window_get_key:
 * @self: a tokeniser
 * @ahead: which window, counted from the next
 *
 * Returns: what its random numbers are a function of
 */
VattAugmentKey
gst_vatt_window_get_key (GstVattWindow *self, guint64 ahead)
{
  GstVattWindowPrivate *priv = PRIV (self);
  const GstVattWindowNumbering *numbers = &priv->numbering;
  return (VattAugmentKey){
    .seed = priv->used.seed,
    .epoch = numbers->epoch,
    .clip = numbers->given ? numbers->clip : numbers->n_segments - 1,
    .window = priv->counter - numbers->first_window + ahead,
  };
}

/* Returns: bits 1 << GstVattChanges: what is done to the next window */
guint
gst_vatt_window_get_changes (GstVattWindow *self)
{
  VattAugmentKey key = gst_vatt_window_get_key (self, 0);
  VattAugmentDraw draw;
  vatt_augment_draw (&PRIV (self)->augment, &key, &draw);
  return (draw.flip ? 1u << GST_VATT_MIRRORED : 0) |
         (draw.flip_vertical ? 1u << GST_VATT_MIRRORED_VERTICALLY : 0) |
         (draw.reverse ? 1u << GST_VATT_REVERSED : 0);
}

/* Which clip it is, whoever plays it and whenever: its row in a data set, where
 * it is of one. Processes that share an epoch then treat it as one would. */
static gboolean
read_number (const GstStructure *structure, guint64 *number)
{
  guint row;
  if (!gst_structure_get_uint (structure, "row", &row))
    return gst_structure_get_uint64 (structure, "clip", number);
  *number = row;
  return TRUE;
}

/* Takes the number of a clip that @event begins; the clip before is complete.
 * The event may come again as it is, where pads are linked anew. */
void
gst_vatt_window_note_clip (GstVattWindow *self, GstEvent *event)
{
  GstVattWindowPrivate *priv = PRIV (self);
  GstVattWindowNumbering *numbers = &priv->numbering;
  const GstStructure *structure = gst_event_get_structure (event);
  guint64 number, epoch = 0;
  if (!gst_event_has_name (event, GST_VATT_CLIP_EVENT) ||
      !read_number (structure, &number))
    return;
  gst_structure_get_uint64 (structure, "epoch", &epoch);
  if (numbers->given && numbers->clip == number && numbers->epoch == epoch)
    return;
  gst_vatt_window_drain (self);
  GST_DEBUG_OBJECT (self,
      "clip %" G_GUINT64_FORMAT " of epoch %" G_GUINT64_FORMAT, number, epoch);
  numbers->given = TRUE;
  numbers->clip = number;
  numbers->epoch = epoch;
  numbers->first_window = priv->counter;
  /* With data in it, a segment has its start. */
  if (priv->fresh)
    priv->cut_made = FALSE;
}

/* A new segment; what came before has been drained. */
void
gst_vatt_window_begin_segment (GstVattWindow *self)
{
  GstVattWindowPrivate *priv = PRIV (self);
  priv->cut_made = FALSE;
  priv->numbering.n_segments++;
  if (!priv->numbering.given)
    priv->numbering.first_window = priv->counter;
}

/* Fixes where in the segment windows begin, before its first data. A window
 * has room behind that, where the end of the segment is known. */
void
gst_vatt_window_cut_segment (GstVattWindow *self)
{
  GstVattWindowPrivate *priv = PRIV (self);
  if (priv->cut_made)
    return;
  priv->cut_made = TRUE;
  priv->cut = priv->segment;
  guint64 room = priv->used.start_jitter;
  if (GST_CLOCK_TIME_IS_VALID (priv->cut.stop)) {
    guint64 length = priv->cut.stop - priv->cut.start;
    room = MIN (room, length > priv->span ? length - priv->span : 0);
  }
  if (room == 0)
    return;
  VattAugmentKey key = gst_vatt_window_get_key (self, 0);
  priv->cut.start += (guint64)(vatt_augment_fraction (&key) * (double)room);
  GST_DEBUG_OBJECT (self, "windows begin at %" GST_TIME_FORMAT,
      GST_TIME_ARGS (priv->cut.start));
}

/* Chooses the tokens of the next window that are kept. Without numbers of clips
 * it is the window's number alone that counts. Pictures and sound of a clip
 * draw for themselves: which of them belong together is what a training is to
 * find, and must not be seen in which tokens are there. */
gboolean
gst_vatt_window_drop_tokens (
    GstVattWindow *self, VattClip *clip, guint keep, GError **error)
{
  GstVattWindowPrivate *priv = PRIV (self);
  guint64 stream = (guint64)vatt_clip_modality (clip) << 62;
  if (!priv->numbering.given)
    return vatt_clip_drop_tokens (
        clip, keep, priv->used.seed, stream + priv->counter, error);
  VattAugmentKey key = gst_vatt_window_get_key (self, 0);
  return vatt_clip_drop_tokens (
      clip, keep, vatt_augment_seed (&key), stream, error);
}

/* The stream has ended; numbers begin anew. */
void
gst_vatt_window_forget_clips (GstVattWindow *self)
{
  PRIV (self)->numbering = (GstVattWindowNumbering){ .given = FALSE };
}
