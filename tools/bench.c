/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vatt bench: how fast a tower runs here, and where the time goes. */
#include "benchtrain.h"

#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <sys/resource.h>

typedef struct {
  const char *model, *modality, *device;
  VattWeightStorage weights;
  int batch, threads, runs;
  gboolean json, roofline, half;
  gboolean train;
  int micro_batch, captions;
  double keep, dropout;
} Options;

typedef struct {
  const char *name; /* of the model */
  VattModality modality;
  guint batch;
  VattDevice *device;
  double median, least, most; /* seconds */
  double flop;                /* of one run */
  double gemm;                /* rate of products alone, FLOP/s */
  double copy;                /* rate of copies, bytes/s */
  gsize activation_bytes, peak_bytes;
  VattProfileRow *rows; /* of the fastest run */
  guint n_rows;
} Result;

/* Noise in [-1, 1] from a multiplicative generator: the values hardly matter
 * to the time, but denormals and zeros would. */
VattClip *
vatt_bench_clip (const VattConfig *config, VattModality modality, guint batch,
    GError **error)
{
  const VattFrontEnd *front = vatt_config_get_front_end (config, modality);
  VattClip *clip =
      vatt_clip_new (modality, batch, front->grid, front->token_size, error);
  if (!clip)
    return NULL;
  gsize n = (gsize)batch * vatt_clip_tokens (clip);
  guint32 state = 1;
  if (modality == VATT_TEXT)
    for (gsize i = 0; i < n; i++)
      vatt_clip_writable_ids (clip)[i] = 1 + (gint32)(i % 3);
  else
    for (gsize i = 0; i < n * front->token_size; i++) {
      state = state * 1664525u + 1013904223u;
      vatt_clip_writable_values (clip)[i] =
          (float)(state >> 8) / 8388608.0f - 1.0f;
    }
  return clip;
}

static int
by_seconds (const void *a, const void *b)
{
  double left = *(const double *)a, right = *(const double *)b;
  return left < right ? -1 : left > right;
}

/* What the session's profile grew by since `before`, which is freed. */
static VattProfileRow *
profile_since (VattSession *session, VattProfileRow *before, guint *n_rows)
{
  VattProfileRow *now = vatt_session_get_profile (session, n_rows);
  for (guint r = 0; r < *n_rows; r++)
    now[r].seconds -= before[r].seconds;
  g_free (before);
  return now;
}

static gboolean
measure (VattSession *session, const VattClip *clip, guint runs, Result *result,
    GError **error)
{
  g_autofree double *seconds = g_new0 (double, runs);
  /* The first run builds the plan and touches the weights. */
  if (!vatt_session_run (session, clip, NULL, error) ||
      !vatt_session_run (session, clip, NULL, error))
    return FALSE;
  result->least = G_MAXDOUBLE;
  for (guint run = 0; run < runs; run++) {
    guint n_rows;
    VattProfileRow *before = vatt_session_get_profile (session, &n_rows);
    gint64 start = g_get_monotonic_time ();
    if (!vatt_session_run (session, clip, NULL, error)) {
      g_free (before);
      return FALSE;
    }
    seconds[run] = 1e-6 * (double)(g_get_monotonic_time () - start);
    VattProfileRow *rows = profile_since (session, before, &n_rows);
    if (seconds[run] < result->least) {
      result->least = seconds[run];
      g_free (result->rows);
      result->rows = g_steal_pointer (&rows);
      result->n_rows = n_rows;
    }
    g_free (rows);
  }
  qsort (seconds, runs, sizeof *seconds, by_seconds);
  result->median = seconds[runs / 2];
  result->most = seconds[runs - 1];
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  result->peak_bytes = (gsize)usage.ru_maxrss * 1024;
  result->activation_bytes = vatt_session_get_activation_bytes (session);
  for (guint r = 0; r < result->n_rows; r++)
    result->flop += result->rows[r].flop;
  /* Beside the run, so that the machine is in the same mood; a shape as the
   * tower's. */
  result->gemm = vatt_device_measure_gemm (result->device, 1569, 3072, 768);
  result->copy = vatt_device_measure_copy (result->device);
  return TRUE;
}

/* 0 on a device that has no clock. */
static double
total_seconds (const Result *result)
{
  double total = 0;
  for (guint r = 0; r < result->n_rows; r++)
    total += result->rows[r].seconds;
  return total;
}

static void
print_text (const Result *result)
{
  double rate = result->flop / result->median;
  g_print ("%s %s, batch %u, %s, %u threads\n", result->name,
      vatt_modality_name (result->modality), result->batch,
      vatt_device_get_name (result->device),
      vatt_device_get_threads (result->device));
  g_print ("  seconds          %.4f median, %.4f to %.4f\n", result->median,
      result->least, result->most);
  g_print ("  GFLOP            %.2f done\n", result->flop * 1e-9);
  g_print ("  GFLOP/s          %.1f, %.1f %% of the %.1f of products alone\n",
      rate * 1e-9, 100 * rate / result->gemm, result->gemm * 1e-9);
  g_print (
      "  activations      %.1f MB\n", (double)result->activation_bytes * 1e-6);
  g_print ("  peak memory      %.1f MB\n", (double)result->peak_bytes * 1e-6);
  g_print ("  %-12s %6s %10s %7s %9s\n", "op", "times", "seconds", "share",
      "GFLOP/s");
  double total = total_seconds (result);
  for (guint r = 0; r < result->n_rows; r++) {
    const VattProfileRow *row = &result->rows[r];
    g_print ("  %-12s %6u %10.5f %6.1f%% %9.1f\n", row->op, row->count,
        row->seconds, total > 0 ? 100 * row->seconds / total : 0,
        row->seconds > 0 ? row->flop / row->seconds * 1e-9 : 0);
  }
}

/* An op can be no faster than its operations at the rate of products, nor than
 * its bytes at the rate of copies. */
static void
print_roofline (const Result *result)
{
  g_print ("  products %.1f GFLOP/s, copies %.1f GB/s, both from %.1f FLOP "
           "a byte on\n",
      1e-9 * result->gemm, 1e-9 * result->copy, result->gemm / result->copy);
  if (total_seconds (result) <= 0) {
    g_print ("  the device has no timestamps, so no op can be compared\n");
    return;
  }
  g_print ("  %-12s %9s %9s %10s %9s %9s %-8s\n", "op", "GFLOP", "MB",
      "FLOP/byte", "GFLOP/s", "GB/s", "of limit");
  for (guint r = 0; r < result->n_rows; r++) {
    const VattProfileRow *row = &result->rows[r];
    double by_flop = row->flop / result->gemm;
    double by_bytes = row->bytes / result->copy;
    double seconds = MAX (row->seconds, 1e-9);
    g_print ("  %-12s %9.3f %9.2f %10.1f %9.1f %9.1f %7.1f%% of %s\n", row->op,
        1e-9 * row->flop, 1e-6 * row->bytes, row->flop / row->bytes,
        1e-9 * row->flop / seconds, 1e-9 * row->bytes / seconds,
        100 * MAX (by_flop, by_bytes) / seconds,
        by_flop > by_bytes ? "products" : "copies");
  }
}

static void
add_number (JsonBuilder *json, const char *name, double value)
{
  json_builder_set_member_name (json, name);
  json_builder_add_double_value (json, value);
}

static void
print_json (const Result *result)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "model");
  json_builder_add_string_value (json, result->name);
  json_builder_set_member_name (json, "modality");
  json_builder_add_string_value (json, vatt_modality_name (result->modality));
  json_builder_set_member_name (json, "device");
  json_builder_add_string_value (json, vatt_device_get_name (result->device));
  add_number (json, "threads", vatt_device_get_threads (result->device));
  add_number (json, "batch", result->batch);
  add_number (json, "seconds", result->median);
  add_number (json, "seconds_least", result->least);
  add_number (json, "seconds_most", result->most);
  add_number (json, "gflop", result->flop * 1e-9);
  add_number (json, "gflop_per_s", result->flop / result->median * 1e-9);
  add_number (json, "gemm_gflop_per_s", result->gemm * 1e-9);
  add_number (json, "copy_gb_per_s", result->copy * 1e-9);
  add_number (
      json, "share_of_gemm", result->flop / result->median / result->gemm);
  add_number (json, "activation_bytes", (double)result->activation_bytes);
  add_number (json, "peak_bytes", (double)result->peak_bytes);
  json_builder_set_member_name (json, "ops");
  json_builder_begin_array (json);
  for (guint r = 0; r < result->n_rows; r++) {
    json_builder_begin_object (json);
    json_builder_set_member_name (json, "op");
    json_builder_add_string_value (json, result->rows[r].op);
    add_number (json, "count", result->rows[r].count);
    add_number (json, "seconds", result->rows[r].seconds);
    add_number (json, "gflop", result->rows[r].flop * 1e-9);
    add_number (json, "bytes", result->rows[r].bytes);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_autofree char *line = json_to_string (root, FALSE);
  g_print ("%s\n", line);
}

/* Takes the model. */
static gboolean
train (const Options *options, VattModel *model, GError **error)
{
  const VattDeviceParams params = { .threads = (guint)options->threads,
    .weights = options->weights };
  g_autoptr (VattDevice) device =
      vatt_device_new (options->device, &params, error);
  const VattBenchTrain settings = { .name = options->model,
    .device = device,
    .batch = (guint)options->batch,
    .micro_batch = (guint)options->micro_batch,
    .captions = (guint)options->captions,
    .keep = options->keep,
    .dropout = options->dropout,
    .half = options->half,
    .runs = (guint)options->runs,
    .json = options->json };
  if (device)
    return vatt_bench_train (model, &settings, error);
  g_object_unref (model);
  return FALSE;
}

/* The first tower there is, unless one is asked for. */
static gboolean
choose (const VattConfig *config, const char *name, VattModality *modality,
    GError **error)
{
  if (name)
    return vatt_tool_parse_modality (name, modality, error);
  for (guint m = VATT_N_MODALITIES; m-- > 0;)
    if (vatt_config_get_front_end (config, (VattModality)m)->input !=
        VATT_INPUT_NONE)
      *modality = (VattModality)m;
  return TRUE;
}

static gboolean
bench (const Options *options, GError **error)
{
  g_autoptr (VattModel) model = vatt_tool_load (options->model, NULL, error);
  if (!model)
    return FALSE;
  if (options->train)
    return train (options, g_steal_pointer (&model), error);
  VattConfig *config = vatt_model_get_config (model);
  VattModality modality = VATT_VIDEO;
  if (!choose (config, options->modality, &modality, error))
    return FALSE;
  const VattDeviceParams device_params = { .threads = (guint)options->threads,
    .weights = options->weights };
  g_autoptr (VattDevice) device =
      vatt_device_new (options->device, &device_params, error);
  if (!device)
    return FALSE;
  const VattSessionParams params = {
    .modality = modality, .outputs = VATT_OUTPUT_POOLED, .profile = TRUE
  };
  g_autoptr (VattSession) session =
      vatt_session_new (model, device, &params, error);
  g_autoptr (VattClip) clip =
      session ? vatt_bench_clip (config, modality, (guint)options->batch, error)
              : NULL;
  Result result = { .name = options->model,
    .modality = modality,
    .batch = (guint)options->batch,
    .device = device };
  gboolean done =
      clip && measure (session, clip, (guint)options->runs, &result, error);
  if (done && options->json)
    print_json (&result);
  else if (done)
    print_text (&result);
  if (done && options->roofline && !options->json)
    print_roofline (&result);
  g_free (result.rows);
  return done;
}

static VattExit
bench_command (int argc, char **argv)
{
  g_autofree char *modality = NULL, *device = NULL, *weights = NULL;
  Options options = {
    .batch = 1, .runs = 7, .captions = 1, .keep = 1.0, .dropout = 0.1
  };
  const GOptionEntry entries[] = {
    { "modality", 'm', 0, G_OPTION_ARG_STRING, &modality,
        "video, audio or text (the first the model has)", "M" },
    { "batch", 'b', 0, G_OPTION_ARG_INT, &options.batch, "Clips a run (1)",
        "B" },
    { "threads", 0, 0, G_OPTION_ARG_INT, &options.threads,
        "Threads that compute (one per processor)", "N" },
    VATT_TOOL_DEVICE (&device),
    VATT_TOOL_WEIGHTS (&weights),
    { "runs", 0, 0, G_OPTION_ARG_INT, &options.runs, "Timed runs (7)", "N" },
    { "roofline", 0, 0, G_OPTION_ARG_NONE, &options.roofline,
        "Compare every op with what products and copies reach here", NULL },
    { "train", 0, 0, G_OPTION_ARG_NONE, &options.train,
        "Time steps of training the whole model", NULL },
    { "micro-batch", 0, 0, G_OPTION_ARG_INT, &options.micro_batch,
        "Samples that towers compute at once in training (all)", "N" },
    { "captions", 0, 0, G_OPTION_ARG_INT, &options.captions,
        "Texts to a sample in training (1)", "N" },
    { "keep", 0, 0, G_OPTION_ARG_DOUBLE, &options.keep,
        "Share of the tokens of video and sound in training (1)", "SHARE" },
    { "dropout", 0, 0, G_OPTION_ARG_DOUBLE, &options.dropout,
        "Rate of dropout in training (0.1)", "RATE" },
    { "half", 0, 0, G_OPTION_ARG_NONE, &options.half,
        "With a micro-batch samples wait in half precision", NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print one JSON object",
        NULL },
    { NULL },
  };
  g_auto (GStrv) words = NULL;
  if (!vatt_tool_parse (&vatt_command_bench, entries, argc, argv, 1, 1, &words))
    return VATT_EXIT_USAGE;
  if (options.batch < 1 || options.batch > 65536 || options.threads < 0 ||
      options.runs < 1 || options.runs > 100000)
    return vatt_tool_misuse (&vatt_command_bench,
        "--batch from 1 to 65536, --runs from 1 and --threads from 0 are "
        "expected");
  if (options.micro_batch < 0 || options.captions < 1 ||
      options.captions > 1024 || !(options.keep > 0.0 && options.keep <= 1.0))
    return vatt_tool_misuse (&vatt_command_bench,
        "--micro-batch from 0, --captions from 1 to 1024 and --keep above 0 "
        "and up to 1 are expected");
  g_autoptr (GError) error = NULL;
  VattModality known;
  if (modality && !vatt_tool_parse_modality (modality, &known, &error))
    return vatt_tool_misuse (&vatt_command_bench, "%s", error->message);
  if (!vatt_tool_parse_weights (weights, &options.weights, &error))
    return vatt_tool_misuse (&vatt_command_bench, "%s", error->message);
  options.model = words[0];
  options.modality = modality;
  options.device = device ? device : "auto";
  if (!bench (&options, &error))
    return vatt_tool_fail (&vatt_command_bench, error);
  return VATT_EXIT_DONE;
}

const VattCommand vatt_command_bench = {
  .name = "bench",
  .arguments = "MODEL|VARIANT",
  .summary = "Measures the speed of a tower or of training, op by op",
  .run = bench_command,
};
