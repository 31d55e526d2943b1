/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One modality leads: each of its windows makes a sample. What goes with it is
 * decided as soon as nothing better is to be expected: windows of the others
 * come in the order of their starts, so that overlap with the lead's window
 * grows up to its start and falls behind it. A modality is waited for no longer
 * when its time, told by windows, gaps and segments, is past the window, when
 * it is in a later clip, has ended, was given up, or is full. Which samples are
 * made depends on what comes on each pad, not on who comes first. */
#include "gstvattalign.h"

#include "gstvattmatch.h"

typedef struct {
  GQueue windows;        /* of GstVattAlignWindow, in the order of starts */
  GstClockTime position; /* no window begins before it any more */
  guint64 number;        /* of the clip that it is in, or GST_VATT_NO_CLIP */
  gboolean ended, given_up;
} Lane;

struct _GstVattAlign {
  GstVattAlignParams params;
  Lane lanes[VATT_N_MODALITIES];
  GstVattAlignCounts counts;
};

static void
window_free (gpointer data)
{
  GstVattAlignWindow *window = data;
  vatt_clip_free (window->clip);
  g_free (window->label);
  g_free (window);
}

static void
reset_lane (Lane *lane)
{
  g_queue_clear_full (&lane->windows, window_free);
  *lane = (Lane){ .number = GST_VATT_NO_CLIP };
}

/*
 * gst_vatt_align_new:
 * @params: settings
 *
 * Returns: (transfer full): an alignment of one stream
 */
GstVattAlign *
gst_vatt_align_new (const GstVattAlignParams *params)
{
  GstVattAlign *self = g_new0 (GstVattAlign, 1);
  self->params = *params;
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    reset_lane (&self->lanes[m]);
  return self;
}

void
gst_vatt_align_free (GstVattAlign *self)
{
  if (!self)
    return;
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    reset_lane (&self->lanes[m]);
  g_free (self);
}

static Lane *
lead_of (GstVattAlign *self)
{
  return &self->lanes[self->params.lead];
}

static gboolean
has (const GstVattAlign *self, guint modality)
{
  return (self->params.modalities & (1u << modality)) != 0;
}

/* Pads may come and go. Bits 1 << modality. */
void
gst_vatt_align_set_modalities (GstVattAlign *self, guint modalities)
{
  self->params.modalities = modalities;
}

/* ---- what is of no use any more ---- */

static gboolean
is_before (guint64 number, guint64 other)
{
  return number != GST_VATT_NO_CLIP && other != GST_VATT_NO_CLIP &&
         number < other;
}

/* The earliest window of the lead that has not been taken, or may come. */
static GstVattAlignWindow
next_lead (GstVattAlign *self)
{
  const Lane *lead = lead_of (self);
  const GstVattAlignWindow *first =
      g_queue_peek_head ((GQueue *)&lead->windows);
  if (first)
    return *first;
  gboolean none =
      lead->ended || lead->given_up || !has (self, self->params.lead);
  return (GstVattAlignWindow){
    .start = none ? GST_CLOCK_TIME_NONE : lead->position, .number = lead->number
  };
}

static gboolean
is_useless (GstVattAlign *self, VattModality modality,
    const GstVattAlignWindow *window, const GstVattAlignWindow *behind)
{
  const GstVattAlignWindow lead = next_lead (self);
  if (is_before (window->number, lead.number) ||
      !GST_CLOCK_TIME_IS_VALID (lead.start))
    return TRUE;
  if (is_before (lead.number, window->number))
    return FALSE;
  if (modality == VATT_TEXT)
    return window->end + self->params.distance <= lead.start;
  return window->end <= lead.start ||
         (behind && behind->start <= lead.start &&
             behind->start > window->start && behind->end >= window->end &&
             gst_vatt_match_same_clip (behind, &lead));
}

static void
prune (GstVattAlign *self)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    GQueue *windows = &self->lanes[m].windows;
    if (m == self->params.lead)
      continue;
    while (windows->head &&
           is_useless (self, (VattModality)m, windows->head->data,
               windows->head->next ? windows->head->next->data : NULL)) {
      GstVattAlignWindow *window = g_queue_pop_head (windows);
      self->counts.unpaired += !window->used;
      window_free (window);
    }
  }
}

/* ---- what comes ---- */

/*
 * gst_vatt_align_push:
 * @self: an alignment
 * @modality: what comes
 * @window: (transfer full): a window; the structure itself is copied
 *
 * There should be room for it.
 */
void
gst_vatt_align_push (
    GstVattAlign *self, VattModality modality, const GstVattAlignWindow *window)
{
  Lane *lane = &self->lanes[modality];
  const GstVattAlignWindow *last = g_queue_peek_tail (&lane->windows);
  GstVattAlignWindow *copy = g_memdup2 (window, sizeof *window);
  lane->given_up = FALSE;
  if (window->start < (last ? last->start : lane->position)) {
    self->counts.disordered++;
    window_free (copy);
    return;
  }
  lane->position = window->start;
  if (window->number != GST_VATT_NO_CLIP)
    lane->number = window->number;
  g_queue_push_tail (&lane->windows, copy);
  prune (self);
}

/* Nothing of @modality will begin before @time any more. */
void
gst_vatt_align_advance (
    GstVattAlign *self, VattModality modality, GstClockTime time)
{
  Lane *lane = &self->lanes[modality];
  if (!GST_CLOCK_TIME_IS_VALID (time) || time < lane->position)
    return;
  lane->position = time;
  prune (self);
}

/* What comes next of @modality is of that clip. */
void
gst_vatt_align_enter_clip (
    GstVattAlign *self, VattModality modality, guint64 number)
{
  self->lanes[modality].number = number;
  prune (self);
}

void
gst_vatt_align_end (GstVattAlign *self, VattModality modality)
{
  self->lanes[modality].ended = TRUE;
  prune (self);
}

/* More of @modality comes behind its end; what has come stays. */
void
gst_vatt_align_begin (GstVattAlign *self, VattModality modality)
{
  self->lanes[modality].ended = self->lanes[modality].given_up = FALSE;
}

/* Forgets what has come of @modality; its time may begin anew. */
void
gst_vatt_align_flush (GstVattAlign *self, VattModality modality)
{
  reset_lane (&self->lanes[modality]);
}

/* ---- what goes together ---- */

static gboolean
is_settled (GstVattAlign *self, guint modality, const GstVattAlignWindow *lead)
{
  Lane *lane = &self->lanes[modality];
  const GstVattAlignWindow *last = g_queue_peek_tail (&lane->windows);
  if (!has (self, modality) || modality == self->params.lead || lane->ended ||
      lane->given_up || is_before (lead->number, lane->number) ||
      lane->windows.length >= self->params.capacity)
    return TRUE;
  if (modality == VATT_TEXT)
    return lane->position >= lead->end + self->params.distance;
  return lane->position >= lead->end ||
         (last && last->start >= lead->start &&
             gst_vatt_match_same_clip (last, lead));
}

static void
find_company (
    GstVattAlign *self, const GstVattAlignWindow *lead, GstVattAligned *sample)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    if (!has (self, m) || m == self->params.lead)
      continue;
    if (m == VATT_TEXT) {
      gst_vatt_match_choose_captions (
          &self->lanes[m].windows, lead, &self->params, sample);
      continue;
    }
    GstVattAlignWindow *window =
        gst_vatt_match_find_partner (&self->lanes[m].windows, lead);
    if (window) {
      sample->clip[m] = vatt_clip_ref (window->clip);
      window->used = TRUE;
    }
  }
}

/* Counts @sample; of one that nothing goes with nothing can be learnt where
 * something should. */
static gboolean
is_complete (GstVattAlign *self, const GstVattAligned *sample)
{
  guint missing = 0, found = 0;
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    if (!has (self, m) || m == self->params.lead)
      continue;
    if (m == VATT_TEXT ? sample->n_captions > 0 : sample->clip[m] != NULL)
      found++;
    else
      missing++;
  }
  if (missing > 0 && found == 0) {
    self->counts.alone++;
    return FALSE;
  }
  self->counts.aligned++;
  self->counts.incomplete += missing > 0;
  return TRUE;
}

/*
 * gst_vatt_align_take:
 * @self: an alignment
 * @sample: (out caller-allocates): what belongs together
 *
 * Returns: %FALSE if nothing is known to be complete yet
 */
gboolean
gst_vatt_align_take (GstVattAlign *self, GstVattAligned *sample)
{
  Lane *lane = lead_of (self);
  GstVattAlignWindow *lead;
  while ((lead = g_queue_peek_head (&lane->windows))) {
    prune (self);
    for (guint m = 0; m < VATT_N_MODALITIES; m++)
      if (!is_settled (self, m, lead))
        return FALSE;
    *sample = (GstVattAligned){ .start = lead->start,
      .number = lead->number,
      .label = g_steal_pointer (&lead->label),
      .class_id = lead->class_id,
      .changes = lead->changes };
    find_company (self, lead, sample);
    g_queue_pop_head (&lane->windows);
    if (self->params.lead == VATT_TEXT) {
      sample->caption[0] = vatt_clip_ref (lead->clip);
      sample->n_captions = 1;
    } else {
      sample->clip[self->params.lead] = vatt_clip_ref (lead->clip);
    }
    window_free (lead);
    prune (self);
    if (is_complete (self, sample))
      return TRUE;
    gst_vatt_aligned_clear (sample);
  }
  return FALSE;
}

/* Returns: whether nothing more will come; without a pad of the lead none can
 */
gboolean
gst_vatt_align_is_ended (GstVattAlign *self)
{
  const Lane *lead = lead_of (self);
  return (lead->ended || !has (self, self->params.lead)) &&
         lead->windows.length == 0;
}

/* Returns: whether a window of the lead waits for what goes with it */
gboolean
gst_vatt_align_is_waiting (GstVattAlign *self)
{
  return lead_of (self)->windows.length > 0;
}

/* ---- room ---- */

/* Returns: whether who sends @modality has to wait */
gboolean
gst_vatt_align_is_full (GstVattAlign *self, VattModality modality)
{
  return self->lanes[modality].windows.length >= self->params.capacity;
}

/*
 * gst_vatt_align_give_up:
 * @self: an alignment
 *
 * Waits no longer for those that keep others waiting, until they go on. Without
 * the lead nothing can be made of the others, which then pass.
 *
 * Returns: bits 1 << modality: who was given up by this
 */
guint
gst_vatt_align_give_up (GstVattAlign *self)
{
  const GstVattAlignWindow *lead = g_queue_peek_head (&lead_of (self)->windows);
  guint given_up = 0;
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    Lane *lane = &self->lanes[m];
    gboolean waited_for = lead ? !is_settled (self, m, lead)
                               : m == self->params.lead && !lane->ended;
    if (!has (self, m) || lane->given_up || !waited_for)
      continue;
    lane->given_up = TRUE;
    given_up |= 1u << m;
  }
  prune (self);
  return given_up;
}

/* Throws out the oldest window of @modality.
 *
 * Returns: when it began, if a sample is lost by that; else
 *   %GST_CLOCK_TIME_NONE */
GstClockTime
gst_vatt_align_make_room (GstVattAlign *self, VattModality modality)
{
  GstVattAlignWindow *oldest =
      g_queue_pop_head (&self->lanes[modality].windows);
  GstClockTime lost = GST_CLOCK_TIME_NONE;
  if (!oldest)
    return lost;
  if (modality == self->params.lead) {
    self->counts.dropped++;
    lost = oldest->start;
  } else {
    self->counts.unpaired += !oldest->used;
  }
  window_free (oldest);
  prune (self);
  return lost;
}

const GstVattAlignCounts *
gst_vatt_align_get_counts (const GstVattAlign *self)
{
  return &self->counts;
}

void
gst_vatt_aligned_clear (GstVattAligned *sample)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    g_clear_pointer (&sample->clip[m], vatt_clip_free);
  for (guint i = 0; i < sample->n_captions; i++)
    vatt_clip_free (sample->caption[i]);
  sample->n_captions = 0;
  g_clear_pointer (&sample->label, g_free);
}
