/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * By how much two windows cover the same time, and how far apart they are. */
#include "gstvattmatch.h"

/* Whether they may be of one clip; those without a number may be of any. */
gboolean
gst_vatt_match_same_clip (
    const GstVattAlignWindow *a, const GstVattAlignWindow *b)
{
  return a->number == b->number || a->number == GST_VATT_NO_CLIP ||
         b->number == GST_VATT_NO_CLIP;
}

static GstClockTime
overlap (const GstVattAlignWindow *a, const GstVattAlignWindow *b)
{
  GstClockTime start = MAX (a->start, b->start);
  GstClockTime end = MIN (a->end, b->end);
  return end > start ? end - start : 0;
}

static gboolean
covers_enough (const GstVattAlignWindow *window, const GstVattAlignWindow *lead)
{
  GstClockTime shorter =
      MIN (window->end - window->start, lead->end - lead->start);
  GstClockTime covered = overlap (window, lead);
  return covered > 0 && covered >= shorter / 2;
}

/* The one that covers most of the lead's window, of equal ones the one that
 * begins nearest; if it covers half of the shorter of the two. Those behind the
 * first that begins with the lead or later are not looked at: they may not have
 * come yet. */
GstVattAlignWindow *
gst_vatt_match_find_partner (GQueue *windows, const GstVattAlignWindow *lead)
{
  GstVattAlignWindow *best = NULL;
  gboolean complete = FALSE;
  GstClockTime most = 0;
  guint64 nearest = G_MAXUINT64;
  for (GList *l = windows->head; l && !complete; l = l->next) {
    GstVattAlignWindow *window = l->data;
    GstClockTime covered = overlap (window, lead);
    guint64 away = window->start > lead->start ? window->start - lead->start
                                               : lead->start - window->start;
    complete =
        window->start >= lead->start && gst_vatt_match_same_clip (window, lead);
    if (!gst_vatt_match_same_clip (window, lead) || covered == 0 ||
        covered < most || (covered == most && away >= nearest))
      continue;
    best = window;
    most = covered;
    nearest = away;
  }
  return best && covers_enough (best, lead) ? best : NULL;
}

/* How far a caption is from a window: 0 for one that overlaps. */
static GstClockTime
distance_of (const GstVattAlignWindow *caption, const GstVattAlignWindow *lead)
{
  if (caption->start >= lead->end)
    return caption->start - lead->end;
  return caption->end <= lead->start ? lead->start - caption->end : 0;
}

/* Whether @a is the better caption. */
static gboolean
goes_better (const GstVattAlignWindow *a, const GstVattAlignWindow *b,
    const GstVattAlignWindow *lead)
{
  GstClockTime first = overlap (a, lead), second = overlap (b, lead);
  if (first != second)
    return first > second;
  return distance_of (a, lead) < distance_of (b, lead);
}

/* The best at most `captions` become part of the sample. They stay: they may go
 * with the next window too. */
void
gst_vatt_match_choose_captions (GQueue *captions,
    const GstVattAlignWindow *lead, const GstVattAlignParams *params,
    GstVattAligned *sample)
{
  GstVattAlignWindow *chosen[GST_VATT_MAX_CAPTIONS + 1];
  guint n = 0;
  for (GList *l = captions->head; l; l = l->next) {
    GstVattAlignWindow *caption = l->data;
    if (!gst_vatt_match_same_clip (caption, lead) ||
        (overlap (caption, lead) == 0 &&
            distance_of (caption, lead) >= params->distance))
      continue;
    guint place = n;
    while (place > 0 && goes_better (caption, chosen[place - 1], lead)) {
      chosen[place] = chosen[place - 1];
      place--;
    }
    chosen[place] = caption;
    n = MIN (n + 1, params->captions);
  }
  for (guint i = 0; i < n; i++) {
    sample->caption[i] = vatt_clip_ref (chosen[i]->clip);
    chosen[i]->used = TRUE;
  }
  sample->n_captions = n;
}
