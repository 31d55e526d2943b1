/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vatt bench --train: how fast a model learns here, and where the time goes. */
#include "benchtrain.h"

#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <sys/resource.h>

typedef struct {
  double median, least, most; /* seconds of a step */
  double processor;           /* seconds of both threads, of a step */
  gsize bytes, peak_bytes;
  gsize samples_bytes;  /* of the reservoir */
  VattProfileRow *rows; /* owned; of all timed steps */
  guint n_rows;
} Result;

/* What one step after the other learns from. With a micro-batch samples wait
 * in a reservoir, which every step empties and somebody fills again. */
typedef struct {
  VattClip *clip[VATT_N_MODALITIES]; /* owned; of a batch, or of one sample */
  VattReservoir *reservoir;          /* owned; NULL: clips are the batch */
  VattBatch batch;
} Source;

static void
source_clear (Source *source)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    g_clear_pointer (&source->clip[m], vatt_clip_free);
  g_clear_pointer (&source->reservoir, vatt_reservoir_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Source, source_clear)

/* With the tokens that DropToken leaves. */
static VattClip *
make_clip (const VattConfig *config, VattModality modality, guint items,
    const VattBenchTrain *options, GError **error)
{
  if (modality == VATT_TEXT)
    items *= options->captions;
  g_autoptr (VattClip) clip = vatt_bench_clip (config, modality, items, error);
  if (!clip || modality == VATT_TEXT || options->keep >= 1.0)
    return g_steal_pointer (&clip);
  guint kept = (guint)(options->keep * vatt_clip_tokens (clip) + 0.5);
  return vatt_clip_drop_tokens (clip, MAX (kept, 1), 0, 0, error)
             ? g_steal_pointer (&clip)
             : NULL;
}

static int
by_seconds (const void *a, const void *b)
{
  double left = *(const double *)a, right = *(const double *)b;
  return left < right ? -1 : left > right;
}

static double
processor_seconds (void)
{
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static gboolean
source_open (Source *source, VattModel *model, const VattBenchTrain *options,
    GError **error)
{
  VattConfig *config = vatt_model_get_config (model);
  gboolean parts =
      options->micro_batch > 0 && options->micro_batch < options->batch;
  guint modalities = 0;
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    if (vatt_config_get_front_end (config, (VattModality)m)->input ==
        VATT_INPUT_NONE)
      continue;
    modalities |= 1u << m;
    source->clip[m] = make_clip (
        config, (VattModality)m, parts ? 1 : options->batch, options, error);
    if (!source->clip[m])
      return FALSE;
    source->batch.clip[m] = source->clip[m];
  }
  if (!parts)
    return TRUE;
  source->reservoir = vatt_reservoir_new (
      model, modalities, options->captions, options->batch, 0, error);
  if (source->reservoir)
    vatt_reservoir_set_half (source->reservoir, options->half);
  return source->reservoir != NULL;
}

/* Samples for the next step: all the same. */
static gboolean
source_fill (Source *source, const VattBenchTrain *options, GError **error)
{
  VattSample sample = { .labels = NULL };
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    sample.clip[m] = source->clip[m];
  while (source->reservoir &&
         vatt_reservoir_get_fill (source->reservoir) < options->batch)
    if (!vatt_reservoir_add (source->reservoir, &sample, error))
      return FALSE;
  return TRUE;
}

static gboolean
make_step (Source *source, VattTrainer *trainer, guint samples, GError **error)
{
  return (!source->reservoir || vatt_reservoir_draw_parts (source->reservoir,
                                    samples, &source->batch, error)) &&
         vatt_trainer_step (trainer, &source->batch, NULL, NULL, error);
}

static gboolean
measure (VattTrainer *trainer, Source *source, const VattBenchTrain *options,
    Result *result, GError **error)
{
  guint runs = options->runs;
  g_autofree double *seconds = g_new0 (double, runs);
  /* The first step makes the plans and touches the memory: of one part. */
  guint part = source->reservoir ? options->micro_batch : options->batch;
  if (!source_fill (source, options, error) ||
      !make_step (source, trainer, part, error))
    return FALSE;
  vatt_trainer_start_profile (trainer);
  for (guint run = 0; run < runs; run++) {
    if (!source_fill (source, options, error))
      return FALSE;
    double begin = processor_seconds ();
    gint64 start = g_get_monotonic_time ();
    if (!make_step (source, trainer, options->batch, error))
      return FALSE;
    seconds[run] = 1e-6 * (double)(g_get_monotonic_time () - start);
    result->processor += (processor_seconds () - begin) / runs;
  }
  qsort (seconds, runs, sizeof *seconds, by_seconds);
  result->least = seconds[0];
  result->median = seconds[runs / 2];
  result->most = seconds[runs - 1];
  result->rows = vatt_trainer_get_profile (trainer, &result->n_rows);
  result->bytes = vatt_trainer_get_bytes (trainer);
  if (source->reservoir)
    result->samples_bytes = vatt_reservoir_get_bytes (source->reservoir);
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  result->peak_bytes = (gsize)usage.ru_maxrss * 1024;
  return TRUE;
}

static void
print_text (const VattBenchTrain *options, const Result *result)
{
  g_print ("%s, training, batch %u, %u at once, dropout %g, %u threads\n",
      options->name, options->batch,
      options->micro_batch ? MIN (options->micro_batch, options->batch)
                           : options->batch,
      options->dropout, vatt_device_get_threads (options->device));
  g_print ("  seconds a step   %.4f median, %.4f to %.4f\n", result->median,
      result->least, result->most);
  g_print ("  processor time   %.4f\n", result->processor);
  g_print ("  clips a second   %.4f\n", options->batch / result->median);
  g_print ("  trainer          %.1f MB\n", (double)result->bytes * 1e-6);
  if (result->samples_bytes)
    g_print (
        "  waiting samples  %.1f MB\n", (double)result->samples_bytes * 1e-6);
  g_print ("  peak memory      %.1f MB\n", (double)result->peak_bytes * 1e-6);
  g_print ("  %-20s %6s %10s\n", "op", "times", "seconds");
  for (guint r = 0; r < result->n_rows; r++) {
    const VattProfileRow *row = &result->rows[r];
    g_autofree char *name =
        g_strconcat (row->op, row->backward ? ", back" : "", NULL);
    g_print (
        "  %-20s %6u %10.5f\n", name, row->count, row->seconds / options->runs);
  }
}

static void
add_number (JsonBuilder *json, const char *name, double value)
{
  json_builder_set_member_name (json, name);
  json_builder_add_double_value (json, value);
}

static void
print_json (const VattBenchTrain *options, const Result *result)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "model");
  json_builder_add_string_value (json, options->name);
  add_number (json, "threads", vatt_device_get_threads (options->device));
  add_number (json, "batch", options->batch);
  add_number (json, "micro_batch", options->micro_batch);
  add_number (json, "dropout", options->dropout);
  add_number (json, "keep", options->keep);
  add_number (json, "captions", options->captions);
  add_number (json, "seconds", result->median);
  add_number (json, "seconds_least", result->least);
  add_number (json, "seconds_most", result->most);
  add_number (json, "processor_seconds", result->processor);
  add_number (json, "clips_per_s", options->batch / result->median);
  add_number (json, "trainer_bytes", (double)result->bytes);
  add_number (json, "samples_bytes", (double)result->samples_bytes);
  add_number (json, "peak_bytes", (double)result->peak_bytes);
  json_builder_set_member_name (json, "ops");
  json_builder_begin_array (json);
  for (guint r = 0; r < result->n_rows; r++) {
    const VattProfileRow *row = &result->rows[r];
    json_builder_begin_object (json);
    json_builder_set_member_name (json, "op");
    json_builder_add_string_value (json, row->op);
    json_builder_set_member_name (json, "backward");
    json_builder_add_boolean_value (json, row->backward);
    add_number (json, "count", row->count);
    add_number (json, "seconds", row->seconds / options->runs);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_autofree char *line = json_to_string (root, FALSE);
  g_print ("%s\n", line);
}

gboolean
vatt_bench_train (
    VattModel *model, const VattBenchTrain *options, GError **error)
{
  VattTrainerParams params;
  vatt_trainer_params_init (&params, VATT_TASK_PRETRAIN);
  params.dropout = options->dropout;
  params.micro_batch = options->micro_batch;
  g_autoptr (VattTrainer) trainer =
      vatt_trainer_new (model, options->device, &params, error);
  g_auto (Source) source = { .reservoir = NULL };
  Result result = { .rows = NULL };
  gboolean done = trainer && source_open (&source, model, options, error);
  g_object_unref (model);
  done = done && measure (trainer, &source, options, &result, error);
  if (done && options->json)
    print_json (options, &result);
  else if (done)
    print_text (options, &result);
  g_free (result.rows);
  return done;
}
