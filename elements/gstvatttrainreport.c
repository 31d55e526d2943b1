/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The training thread's but for the statistics. A log that cannot be written
 * any more is worth a warning, and the training goes on without. */
#include "gstvatttrainreport.h"

#include "gstvatterror.h"

#include <stdio.h>
#include <unistd.h>

#define SHOW_INTERVAL (G_TIME_SPAN_SECOND / 5)
#define SHOW_INTERVAL_FILE (10 * G_TIME_SPAN_SECOND)
#define STEPS_TO_MISS 10 /* before a pair without positives is warned of */

static const char *const pair_names[VATT_N_PAIRS] = {
  [VATT_PAIR_VIDEO_AUDIO] = "video-audio",
  [VATT_PAIR_VIDEO_TEXT] = "video-text",
  [VATT_PAIR_AUDIO_TEXT] = "audio-text",
};

gboolean
gst_vatt_train_report_open (GstVattTrainReport *self, GstElement *element,
    const GstVattTrainSettings *settings, guint64 step, GError **error)
{
  const VattEventLogParams params = {
    .tensorboard = TRUE, .csv = TRUE, .step = step
  };
  *self = (GstVattTrainReport){ .element = element };
  self->last.step = step;
  if (settings->log_dir)
    self->log = vatt_event_log_new (settings->log_dir, &params, error);
  return !settings->log_dir || self->log;
}

/* Ends the line of progress, so that what is printed next is not in it. */
static void
end_line (GstVattTrainReport *self)
{
  if (self->line_open)
    fputc ('\n', stderr);
  self->line_open = FALSE;
}

void
gst_vatt_train_report_close (GstVattTrainReport *self)
{
  end_line (self);
  g_clear_pointer (&self->log, vatt_event_log_free);
}

/* ---- messages ---- */

static void
set_counts (GstStructure *structure, const GstVattTrainNumbers *numbers)
{
  const GstVattAlignCounts *streams = &numbers->streams;
  gst_structure_set (structure, "samples", G_TYPE_UINT64, streams->aligned,
      "incomplete", G_TYPE_UINT64, streams->incomplete, "alone", G_TYPE_UINT64,
      streams->alone, "unpaired", G_TYPE_UINT64, streams->unpaired,
      "disordered", G_TYPE_UINT64, streams->disordered, "dropped",
      G_TYPE_UINT64, streams->dropped, "not-finite", G_TYPE_UINT64,
      numbers->not_finite, "unknown-labels", G_TYPE_UINT64,
      numbers->unknown_labels, "unwanted", G_TYPE_UINT64, numbers->unwanted,
      "untimed", G_TYPE_UINT64, numbers->untimed, "bad-steps", G_TYPE_UINT64,
      numbers->bad_steps, "idle-steps", G_TYPE_UINT64, numbers->idle_steps,
      NULL);
}

static gboolean
has_pair (const GstVattTrainNumbers *numbers, guint pair)
{
  return (numbers->pairs & 1u << pair) != 0;
}

/* The pairs that the last step has learnt from: bits 1 << pair. Others have no
 * loss. */
static guint
learnt_pairs (const GstVattTrainNumbers *numbers)
{
  guint learnt = 0;
  for (guint p = 0; p < VATT_N_PAIRS; p++)
    if (has_pair (numbers, p) && numbers->losses.positives[p] > 0)
      learnt |= 1u << p;
  return learnt;
}

/* Whether the last step had anything to learn from. */
gboolean
gst_vatt_train_report_has_loss (const GstVattTrainNumbers *numbers)
{
  return numbers->pairs == 0 || learnt_pairs (numbers) != 0;
}

static void
set_pair (
    GstStructure *structure, const GstVattTrainNumbers *numbers, guint pair)
{
  const VattLosses *losses = &numbers->losses;
  g_autofree char *positives =
      g_strdup_printf ("positives-%s", pair_names[pair]);
  g_autofree char *loss = g_strdup_printf ("loss-%s", pair_names[pair]);
  g_autofree char *accuracy = g_strdup_printf ("accuracy-%s", pair_names[pair]);
  gst_structure_set (
      structure, positives, G_TYPE_UINT, losses->positives[pair], NULL);
  if (losses->positives[pair] > 0)
    gst_structure_set (structure, loss, G_TYPE_DOUBLE, losses->pair[pair],
        accuracy, G_TYPE_DOUBLE, losses->accuracy[pair], NULL);
}

/* What the last step was like. */
static void
set_step (GstStructure *structure, const GstVattTrainNumbers *numbers)
{
  const VattLosses *losses = &numbers->losses;
  if (gst_vatt_train_report_has_loss (numbers))
    gst_structure_set (structure, "loss", G_TYPE_DOUBLE, losses->total, NULL);
  gst_structure_set (structure, "learning-rate", G_TYPE_DOUBLE, losses->rate,
      "gradient-norm", G_TYPE_DOUBLE, losses->gradient_norm,
      "head-gradient-norm", G_TYPE_DOUBLE, losses->head_gradient_norm,
      "samples-per-second", G_TYPE_DOUBLE, numbers->rate, "processing-time",
      G_TYPE_UINT64, numbers->taken, NULL);
  for (guint p = 0; p < VATT_N_PAIRS; p++)
    if (has_pair (numbers, p))
      set_pair (structure, numbers, p);
}

static GstStructure *
make_structure (
    const char *name, const char *event, const GstVattTrainNumbers *numbers)
{
  GstStructure *structure = gst_structure_new (name, "step", G_TYPE_UINT64,
      numbers->step, "steps", G_TYPE_UINT64, numbers->steps, "reservoir",
      G_TYPE_UINT, numbers->fill, "reservoir-size", G_TYPE_UINT,
      numbers->capacity, NULL);
  if (event)
    gst_structure_set (structure, "event", G_TYPE_STRING, event, NULL);
  if (numbers->stepped)
    set_step (structure, numbers);
  set_counts (structure, numbers);
  return structure;
}

static void
post (GstVattTrainReport *self, GstStructure *structure)
{
  gst_element_post_message (self->element,
      gst_message_new_element (GST_OBJECT (self->element), structure));
}

/* ---- the line ---- */

static void
add_losses (GString *line, const GstVattTrainNumbers *numbers)
{
  const VattLosses *losses = &numbers->losses;
  static const char *const short_names[] = { "va", "vt", "at" };
  if (gst_vatt_train_report_has_loss (numbers))
    g_string_append_printf (line, "  loss %.4f", losses->total);
  else
    g_string_append (line, "  loss none");
  for (guint p = 0; p < VATT_N_PAIRS; p++)
    if (has_pair (numbers, p) && losses->positives[p] > 0)
      g_string_append_printf (line, "  %s %.3f (%.0f %%)", short_names[p],
          losses->pair[p], 100.0 * losses->accuracy[p]);
    else if (has_pair (numbers, p))
      g_string_append_printf (line, "  %s none", short_names[p]);
}

/* On a terminal one line is written over and over, elsewhere a line now and
 * then. */
static void
show (GstVattTrainReport *self, const GstVattTrainNumbers *numbers)
{
  gboolean terminal = isatty (STDERR_FILENO);
  gint64 now = g_get_monotonic_time ();
  gint64 interval = terminal ? SHOW_INTERVAL : SHOW_INTERVAL_FILE;
  if (self->shown != 0 && now - self->shown < interval &&
      numbers->step < numbers->steps)
    return;
  self->shown = now;
  g_autoptr (GString) line = g_string_new (NULL);
  g_string_printf (line, "%s step %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT,
      GST_ELEMENT_NAME (self->element), numbers->step, numbers->steps);
  add_losses (line, numbers);
  g_string_append_printf (
      line, "  rate %.2e  %.1f samples/s", numbers->losses.rate, numbers->rate);
  if (numbers->streams.dropped)
    g_string_append_printf (
        line, "  %" G_GUINT64_FORMAT " dropped", numbers->streams.dropped);
  fprintf (stderr, terminal ? "\r\033[K%s" : "%s\n", line->str);
  fflush (stderr);
  self->line_open = terminal;
}

/* ---- the log ---- */

static void
log_step (GstVattTrainReport *self, const GstVattTrainNumbers *numbers)
{
  g_autoptr (GError) error = NULL;
  const VattLosses *losses = &numbers->losses;
  VattScalar scalars[6 + 2 * VATT_N_PAIRS];
  char *tags[2 * VATT_N_PAIRS] = { NULL };
  guint n = 0;
  if (gst_vatt_train_report_has_loss (numbers))
    scalars[n++] = (VattScalar){ "loss", (float)losses->total };
  scalars[n++] = (VattScalar){ "learning-rate", (float)losses->rate };
  scalars[n++] = (VattScalar){ "gradient/all", (float)losses->gradient_norm };
  scalars[n++] =
      (VattScalar){ "gradient/heads", (float)losses->head_gradient_norm };
  scalars[n++] =
      (VattScalar){ "speed/samples-per-second", (float)numbers->rate };
  scalars[n++] = (VattScalar){ "data/reservoir", (float)numbers->fill };
  guint learnt = learnt_pairs (numbers);
  for (guint p = 0; p < VATT_N_PAIRS; p++)
    if (learnt & 1u << p) {
      char **names = tags + (gsize)2 * p;
      names[0] = g_strdup_printf ("loss/%s", pair_names[p]);
      names[1] = g_strdup_printf ("accuracy/%s", pair_names[p]);
      scalars[n++] = (VattScalar){ names[0], (float)losses->pair[p] };
      scalars[n++] = (VattScalar){ names[1], (float)losses->accuracy[p] };
    }
  if (!vatt_event_log_scalars (
          self->log, numbers->step - 1, scalars, n, &error)) {
    gst_vatt_error_post_warning (self->element, error);
    g_clear_pointer (&self->log, vatt_event_log_free);
  }
  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    g_free (tags[i]);
}

/* ---- what there is nothing to learn from ---- */

/* Names of pairs, with commas between. */
static char *
list_pairs (guint pairs)
{
  GString *list = g_string_new (NULL);
  for (guint p = 0; p < VATT_N_PAIRS; p++)
    if (pairs & 1u << p)
      g_string_append_printf (
          list, "%s%s", list->len ? ", " : "", pair_names[p]);
  return g_string_free (list, FALSE);
}

/* The first step that has learnt nothing; later ones are counted. */
static void
warn_of_idle (GstVattTrainReport *self, const GstVattTrainNumbers *numbers)
{
  g_autofree char *pairs = list_pairs (numbers->pairs);
  end_line (self);
  GST_ELEMENT_WARNING (self->element, STREAM, FAILED,
      ("Nothing is learnt from step %" G_GUINT64_FORMAT
       ": no sample of its batch has both of a pair of modalities (%s). "
       "Further steps like it are counted in idle-steps.",
          numbers->step - 1, pairs),
      (NULL));
}

/* Pairs that no sample has had both of, once; where none has, that nothing is
 * learnt at all is for others to tell. */
static void
warn_of_missing (GstVattTrainReport *self, const GstVattTrainNumbers *numbers)
{
  guint missing = numbers->pairs & ~self->seen & ~self->missed;
  if (self->seen == 0 || missing == 0)
    return;
  g_autofree char *pairs = list_pairs (missing);
  self->missed |= missing;
  end_line (self);
  GST_ELEMENT_WARNING (self->element, STREAM, FAILED,
      ("Nothing is learnt of %s: in %" G_GUINT64_FORMAT
       " steps no sample had both.",
          pairs, self->steps),
      (NULL));
}

static void
look_for_pairs (GstVattTrainReport *self, const GstVattTrainNumbers *numbers)
{
  self->steps++;
  self->seen |= learnt_pairs (numbers);
  if (!gst_vatt_train_report_has_loss (numbers) && numbers->idle_steps == 1)
    warn_of_idle (self, numbers);
  if (self->steps >= STEPS_TO_MISS)
    warn_of_missing (self, numbers);
}

/* ---- all of it ---- */

static void
keep (GstVattTrainReport *self, const GstVattTrainNumbers *numbers)
{
  GST_OBJECT_LOCK (self->element);
  self->last = *numbers;
  GST_OBJECT_UNLOCK (self->element);
}

/* Tells of a step. */
void
gst_vatt_train_report_step (GstVattTrainReport *self,
    const GstVattTrainSettings *settings, const GstVattTrainNumbers *numbers)
{
  gint64 now = g_get_monotonic_time ();
  keep (self, numbers);
  if (self->log)
    log_step (self, numbers);
  if (settings->progress)
    show (self, numbers);
  look_for_pairs (self, numbers);
  if (!settings->post_messages ||
      (self->posted != 0 &&
          now - self->posted < (gint64)(settings->message_interval / 1000)))
    return;
  self->posted = now;
  post (self, make_structure ("vatt-training", "step", numbers));
}

/* Tells of a checkpoint. */
void
gst_vatt_train_report_checkpoint (
    GstVattTrainReport *self, guint64 step, const char *path)
{
  g_autofree char *file = g_utf8_make_valid (path, -1);
  post (self, gst_structure_new ("vatt-checkpoint", "step", G_TYPE_UINT64, step,
                  "file", G_TYPE_STRING, file, NULL));
}

/* Tells that nothing more comes; @left_over samples did not make a batch. */
void
gst_vatt_train_report_done (GstVattTrainReport *self,
    const GstVattTrainSettings *settings, const GstVattTrainNumbers *numbers,
    guint left_over)
{
  keep (self, numbers);
  end_line (self);
  warn_of_missing (self, numbers);
  if (!settings->post_messages)
    return;
  GstStructure *structure = make_structure ("vatt-training", "done", numbers);
  gst_structure_set (structure, "left-over", G_TYPE_UINT, left_over, NULL);
  post (self, structure);
}

/* Returns: (transfer full): the same as of messages */
GstStructure *
gst_vatt_train_report_get_stats (GstVattTrainReport *self)
{
  GST_OBJECT_LOCK (self->element);
  GstVattTrainNumbers numbers = self->last;
  GST_OBJECT_UNLOCK (self->element);
  return make_structure ("vatt-training-stats", NULL, &numbers);
}
