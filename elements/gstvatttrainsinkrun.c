/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The training thread: samples into the reservoir until it is full, a batch out
 * of it, a step. At the end what is left, as whole batches. No lock is held
 * meanwhile. */
#include "gstvatterror.h"
#include "gstvattmodels.h"
#include "gstvattpublished.h"
#include "gstvatttrainsinkprivate.h"

#include <math.h>
#include <string.h>

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_train_debug);
#define GST_CAT_DEFAULT gst_vatt_train_debug

/* What the thread remembers. */
typedef struct {
  GstVattTrainSink *sink;
  GstVattTrainNumbers numbers;
  gint64 begun;       /* monotonic time: of the steps that `rate` counts */
  gint64 saved;       /* monotonic time of the last checkpoint */
  guint64 first_step; /* made before */
  guint64 saved_step;
  guint64 learnt;  /* samples since then */
  gboolean broken; /* the state is none to go on from, or cannot be written */
} Run;

/* An error, once; then everybody is let go. */
void
gst_vatt_train_sink_fail (GstVattTrainSink *self, const GError *error)
{
  g_mutex_lock (&self->lock);
  gboolean first = !self->failed && !self->stopping;
  self->failed = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  if (first)
    gst_vatt_error_post (GST_ELEMENT (self), error);
}

static gboolean
is_stopping (GstVattTrainSink *self)
{
  g_mutex_lock (&self->lock);
  gboolean stopping = self->stopping || self->failed;
  g_mutex_unlock (&self->lock);
  return stopping;
}

/* ---- samples ---- */

/* A label that the model does not have is left out, or ends it all. */
static gboolean
read_label (GstVattTrainSink *self, const GstVattAligned *aligned,
    gboolean *usable, GError **error)
{
  g_autoptr (GError) unknown = NULL;
  *usable = self->setup.classes == 0 ||
            gst_vatt_train_setup_read_label (
                &self->setup, aligned->label, aligned->class_id, &unknown);
  if (*usable) {
    gst_vatt_exchange_apply (
        &self->setup.exchange, aligned->changes, self->setup.label_row);
    return TRUE;
  }
  g_mutex_lock (&self->lock);
  gboolean first = self->counts.unknown_labels++ == 0;
  g_mutex_unlock (&self->lock);
  if (self->setup.settings.on_unknown_label == GST_VATT_TRAIN_STOP) {
    g_propagate_error (error, g_steal_pointer (&unknown));
    return FALSE;
  }
  if (first)
    gst_vatt_error_post_warning (GST_ELEMENT (self), unknown);
  return TRUE;
}

/* Captions become one clip of as many items. */
static VattClip *
join_captions (const GstVattAligned *aligned, GError **error)
{
  const VattClip *first = aligned->caption[0];
  guint words = vatt_clip_tokens (first);
  g_autoptr (VattClip) all = vatt_clip_new (
      VATT_TEXT, aligned->n_captions, vatt_clip_grid (first), 1, error);
  if (!all)
    return NULL;
  gint32 *ids = vatt_clip_writable_ids (all);
  for (guint i = 0; i < aligned->n_captions; i++)
    memcpy (ids + (gsize)i * words, vatt_clip_ids (aligned->caption[i]),
        words * sizeof *ids);
  return g_steal_pointer (&all);
}

static gboolean
add_sample (GstVattTrainSink *self, const GstVattAligned *aligned, guint stream,
    GError **error)
{
  g_autoptr (VattClip) captions = NULL;
  gboolean usable;
  if (!read_label (self, aligned, &usable, error))
    return FALSE;
  if (!usable)
    return TRUE;
  VattSample sample = { .labels = self->setup.label_row,
    .stream = stream,
    .time = (gint64)aligned->start };
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    sample.clip[m] = aligned->clip[m];
  if (aligned->n_captions > 0) {
    captions = join_captions (aligned, error);
    if (!captions)
      return FALSE;
    sample.clip[VATT_TEXT] = captions;
  }
  return vatt_reservoir_add (self->setup.reservoir, &sample, error);
}

/* Fills the reservoir, or what is left of the streams into it. */
static GstVattTrainReply
fill (GstVattTrainSink *self, GError **error)
{
  const GstVattTrainSetup *setup = &self->setup;
  while (vatt_reservoir_get_fill (setup->reservoir) <
         setup->settings.reservoir_size) {
    g_auto (GstVattAligned) sample = { .n_captions = 0 };
    guint stream = 0;
    GstVattTrainReply reply = gst_vatt_train_sink_next (self, &sample, &stream);
    if (reply != GST_VATT_TRAIN_SAMPLE)
      return reply;
    if (!add_sample (self, &sample, stream, error)) {
      gst_vatt_train_sink_refuse (self, stream);
      return GST_VATT_TRAIN_STOPPED;
    }
  }
  return GST_VATT_TRAIN_SAMPLE;
}

/* ---- steps ---- */

static void
tell (Run *run, GstClockTime taken)
{
  GstVattTrainSink *self = run->sink;
  GstVattTrainNumbers *numbers = &run->numbers;
  GstVattTrainSettings settings;
  gint64 now = g_get_monotonic_time ();
  GST_OBJECT_LOCK (self);
  settings = self->settings;
  GST_OBJECT_UNLOCK (self);
  run->learnt += self->setup.settings.batch_size;
  numbers->rate = now > run->begun ? (double)run->learnt * G_USEC_PER_SEC /
                                         (double)(now - run->begun)
                                   : 0;
  numbers->stepped = TRUE;
  numbers->taken = taken;
  numbers->step = vatt_trainer_get_step (self->setup.trainer);
  numbers->fill = vatt_reservoir_get_fill (self->setup.reservoir);
  gst_vatt_train_sink_count (self, numbers);
  gst_vatt_train_report_step (&self->report, &settings, numbers);
}

/* Whether a loss is a number, or may be none. */
static gboolean
check_loss (Run *run, const VattLosses *losses, GError **error)
{
  if (isfinite (losses->total))
    return TRUE;
  run->numbers.bad_steps++;
  if (run->sink->setup.settings.on_nan == GST_VATT_TRAIN_SKIP)
    return TRUE;
  g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
      "step %" G_GUINT64_FORMAT ": the loss is no finite number; on-nan=skip "
      "goes on",
      vatt_trainer_get_step (run->sink->setup.trainer) - 1);
  return FALSE;
}

/* What is mixed has to be there as a whole. */
static gboolean
draw (const GstVattTrainSetup *setup, VattBatch *batch, GError **error)
{
  guint samples = setup->settings.batch_size;
  guint part = setup->params.micro_batch;
  if (part > 0 && part < samples && !(setup->params.mixup > 0.0))
    return vatt_reservoir_draw_parts (setup->reservoir, samples, batch, error);
  return vatt_reservoir_draw (setup->reservoir, samples, batch, error);
}

static gboolean
make_step (Run *run, GError **error)
{
  GstVattTrainSink *self = run->sink;
  const GstVattTrainSetup *setup = &self->setup;
  VattBatch batch;
  GstClockTime begun = gst_util_get_timestamp ();
  run->broken = TRUE; /* the batch is drawn, and not learnt from yet */
  if (!gst_vatt_train_sink_take_names (self, error) ||
      !draw (setup, &batch, error) ||
      !vatt_trainer_step (setup->trainer, &batch, &run->numbers.losses,
          self->cancellable, error))
    return FALSE;
  tell (run, gst_util_get_timestamp () - begun);
  if (!check_loss (run, &run->numbers.losses, error))
    return FALSE;
  run->broken = FALSE;
  return TRUE;
}

gboolean
gst_vatt_train_sink_has_steps_left (GstVattTrainSink *self)
{
  return vatt_trainer_get_step (self->setup.trainer) <
         self->setup.params.schedule.steps;
}

/* ---- checkpoints ---- */

/* @failure is that of writing, which a table of errors takes for reading.
 *
 * Returns: (transfer full): the same as it is to be told */
static GError *
of_writing (GError *failure)
{
  gboolean full = g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
  if (failure->domain != G_FILE_ERROR)
    return failure;
  GError *told = g_error_new_literal (GST_RESOURCE_ERROR,
      full ? GST_RESOURCE_ERROR_NO_SPACE_LEFT : GST_RESOURCE_ERROR_WRITE,
      failure->message);
  g_error_free (failure);
  return told;
}

/* One that cannot be written is a warning, or ends it all. */
static gboolean
refuse_to_save (Run *run, GError *failure, GError **error)
{
  GstVattTrainSink *self = run->sink;
  gboolean file = failure->domain == G_FILE_ERROR;
  g_autoptr (GError) told = of_writing (failure);
  if (!file || self->setup.settings.on_disk_full == GST_VATT_TRAIN_STOP) {
    run->broken = TRUE;
    g_propagate_error (error, g_steal_pointer (&told));
    return FALSE;
  }
  gst_vatt_error_post_warning (GST_ELEMENT (self), told);
  return TRUE;
}

static gboolean
save (Run *run, GError **error)
{
  GstVattTrainSink *self = run->sink;
  const GstVattTrainSetup *setup = &self->setup;
  GError *failure = NULL;
  run->saved = g_get_monotonic_time ();
  if (!vatt_checkpoints_save (setup->checkpoints, setup->trainer,
          setup->reservoir, gst_vatt_train_sink_get_places (self), &failure))
    return refuse_to_save (run, failure, error);
  run->saved_step = vatt_trainer_get_step (setup->trainer);
  gst_vatt_train_report_checkpoint (&self->report, run->saved_step,
      vatt_checkpoints_get_newest (setup->checkpoints));
  return TRUE;
}

static gboolean
save_if_due (Run *run, GError **error)
{
  const GstVattTrainSetup *setup = &run->sink->setup;
  const GstVattTrainSettings *settings = &setup->settings;
  guint64 step = vatt_trainer_get_step (setup->trainer);
  gint64 now = g_get_monotonic_time ();
  gboolean by_step =
      settings->checkpoint_every > 0 && step % settings->checkpoint_every == 0;
  gboolean by_time =
      settings->checkpoint_interval > 0 &&
      now - run->saved >= (gint64)(settings->checkpoint_interval / 1000);
  return !setup->checkpoints || (!by_step && !by_time) || save (run, error);
}

/* On the way out, be that a stop or an error of what came: what has been learnt
 * since the last checkpoint is not to be learnt again. */
static void
save_what_is_new (Run *run)
{
  GstVattTrainSink *self = run->sink;
  g_autoptr (GError) error = NULL;
  if (self->setup.checkpoints && !run->broken &&
      run->saved_step != vatt_trainer_get_step (self->setup.trainer) &&
      !save (run, &error))
    gst_vatt_error_post_warning (GST_ELEMENT (self), error);
}

/* ---- the end ---- */

/* Returns: (transfer full): what has been learnt, handed to those who follow */
static VattModel *
publish (GstVattTrainSink *self, GError **error)
{
  VattModel *model = vatt_trainer_get_model (self->setup.trainer, error);
  if (!model)
    return NULL;
  gst_vatt_models_add (model);
  gst_vatt_published_set (GST_ELEMENT (self), model);
  return model;
}

static gboolean
publish_if_due (GstVattTrainSink *self, GError **error)
{
  guint64 every = self->setup.settings.publish_every;
  if (every == 0 || vatt_trainer_get_step (self->setup.trainer) % every != 0)
    return TRUE;
  g_autoptr (VattModel) model = publish (self, error);
  return model != NULL;
}

/* The last model, for those who follow and as a file. */
static gboolean
write_output (GstVattTrainSink *self, GError **error)
{
  const char *path = self->setup.settings.output;
  g_autoptr (VattModel) model = publish (self, error);
  GError *failure = NULL;
  if (!model || !path || vatt_model_save (model, path, &failure))
    return model != NULL;
  g_propagate_error (error, of_writing (failure));
  return FALSE;
}

/* A run that ends without one step has something wrong with what came. */
static void
warn_of_nothing (Run *run)
{
  GstVattTrainSink *self = run->sink;
  const GstVattTrainNumbers *numbers = &run->numbers;
  if (vatt_trainer_get_step (self->setup.trainer) > run->first_step ||
      !gst_vatt_train_sink_has_steps_left (self))
    return;
  GST_ELEMENT_WARNING (self, STREAM, FAILED,
      ("Nothing was learnt: found %u samples, expected at least the "
       "batch-size, %u.",
          numbers->fill, self->setup.settings.batch_size),
      ("left out: %" G_GUINT64_FORMAT " alone, %" G_GUINT64_FORMAT
       " unpaired, %" G_GUINT64_FORMAT " disordered, %" G_GUINT64_FORMAT
       " dropped, %" G_GUINT64_FORMAT " not-finite, %" G_GUINT64_FORMAT
       " unknown-labels, %" G_GUINT64_FORMAT " unwanted, %" G_GUINT64_FORMAT
       " untimed",
          numbers->streams.alone, numbers->streams.unpaired,
          numbers->streams.disordered, numbers->streams.dropped,
          numbers->not_finite, numbers->unknown_labels, numbers->unwanted,
          numbers->untimed));
}

static gboolean
finish (Run *run, GError **error)
{
  GstVattTrainSink *self = run->sink;
  guint left = vatt_reservoir_get_fill (self->setup.reservoir);
  gboolean saved =
      run->saved_step == vatt_trainer_get_step (self->setup.trainer);
  if ((self->setup.checkpoints && !saved && !save (run, error)) ||
      !write_output (self, error))
    return FALSE;
  gst_vatt_train_sink_count (self, &run->numbers);
  run->numbers.fill = left;
  warn_of_nothing (run);
  gst_vatt_train_report_done (
      &self->report, &self->setup.settings, &run->numbers, left);
  guint32 seqnum;
  if (!gst_vatt_train_sink_finish (self, &seqnum))
    return TRUE;
  gst_vatt_terminal_post_eos (&self->terminal, GST_ELEMENT (self), seqnum);
  gst_vatt_train_sink_end_posted (self);
  return TRUE;
}

/* Waits until a flush brings something new. Returns: %FALSE on the way out */
static gboolean
wait_for_more (GstVattTrainSink *self)
{
  g_mutex_lock (&self->lock);
  while (self->finished && !self->stopping && !self->failed)
    g_cond_wait (&self->changed, &self->lock);
  gboolean more = !self->stopping && !self->failed;
  g_mutex_unlock (&self->lock);
  return more;
}

/* All until the end of the streams, or of the training. */
static gboolean
train (Run *run, GError **error)
{
  GstVattTrainSink *self = run->sink;
  guint batch = self->setup.settings.batch_size;
  gboolean ended = FALSE;
  while (gst_vatt_train_sink_has_steps_left (self) && !is_stopping (self)) {
    if (!ended) {
      GstVattTrainReply reply = fill (self, error);
      if (reply == GST_VATT_TRAIN_STOPPED)
        return FALSE;
      ended = reply == GST_VATT_TRAIN_ENDED;
    }
    if (vatt_reservoir_get_fill (self->setup.reservoir) < batch)
      break;
    if (!make_step (run, error) || !save_if_due (run, error) ||
        !publish_if_due (self, error))
      return FALSE;
  }
  return !is_stopping (self);
}

/* Of which pairs of modalities the loss is made: bits 1 << pair. */
static guint
pairs_of (const GstVattTrainSetup *setup)
{
  guint pairs = 0;
  for (guint p = 0; p < VATT_N_PAIRS && setup->classes == 0; p++)
    if (setup->params.weight[p] > 0)
      pairs |= 1u << p;
  return pairs;
}

/* The function of the thread. */
gpointer
gst_vatt_train_sink_run (gpointer sink)
{
  GstVattTrainSink *self = sink;
  Run run = { .sink = self, .begun = g_get_monotonic_time () };
  run.saved = run.begun;
  run.numbers.steps = self->setup.params.schedule.steps;
  run.numbers.capacity = self->setup.settings.reservoir_size;
  run.numbers.pairs = pairs_of (&self->setup);
  run.numbers.step = vatt_trainer_get_step (self->setup.trainer);
  run.saved_step = run.first_step = run.numbers.step;
  do {
    g_autoptr (GError) error = NULL;
    if (train (&run, &error) && finish (&run, &error))
      continue;
    save_what_is_new (&run);
    if (error && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
      gst_vatt_train_sink_fail (self, error);
  } while (wait_for_more (self));
  return NULL;
}
