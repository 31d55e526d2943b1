/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vatt run: tensors in, tensors out, every tower whose input is there. */
#include "tool.h"

#include <string.h>

typedef struct {
  VattModel *model;
  VattDevice *device;
  VattTensorFile *in;
  guint views;
  VattSession *session[VATT_N_MODALITIES];
  GArray *results;  /* VattTensorInfo */
  GPtrArray *owned; /* names and shapes of the results */
} Run;

static gboolean
wrong_shape (const VattTensorInfo *info, const char *expected, GError **error)
{
  GString *shape = g_string_new (NULL);
  for (guint a = 0; a < info->rank; a++)
    g_string_append_printf (
        shape, "%s%" G_GUINT64_FORMAT, a ? "x" : "", info->shape[a]);
  g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
      "input '%s' is %s of %s, expected %s", info->name, shape->str,
      vatt_dtype_name (info->dtype), expected);
  g_string_free (shape, TRUE);
  return FALSE;
}

/* Checks type, rank and place and copies the shape, each axis at most 2^28. */
static gboolean
take_shape (const VattTensorInfo *info, VattDtype dtype, guint rank,
    const char *expected, guint shape[5], GError **error)
{
  if (info->dtype != dtype || info->rank != rank)
    return wrong_shape (info, expected, error);
  for (guint a = 0; a < rank; a++) {
    if (info->shape[a] < 1 || info->shape[a] > 1 << 28)
      return wrong_shape (info, expected, error);
    shape[a] = (guint)info->shape[a];
  }
  if ((guintptr)info->data % vatt_dtype_size (dtype)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "input '%s' does not begin at a multiple of %zu bytes", info->name,
        vatt_dtype_size (dtype));
    return FALSE;
  }
  return TRUE;
}

static VattClip *
read_video (
    const VattTensorInfo *info, const VattFrontEnd *front, GError **error)
{
  guint s[5] = { 0 };
  if (!take_shape (info, VATT_DTYPE_F32, 5,
          "(clips, frames, rows, columns, 3) of F32", s, error))
    return NULL;
  if (s[4] != 3) {
    wrong_shape (info, "3 colours along the last axis", error);
    return NULL;
  }
  const guint grid[] = { s[1] / front->patch[0], s[2] / front->patch[1],
    s[3] / front->patch[2] };
  g_autoptr (VattClip) clip =
      vatt_clip_new (VATT_VIDEO, s[0], grid, front->token_size, error);
  gsize step = (gsize)s[1] * s[2] * s[3] * 3;
  for (guint b = 0; clip && b < s[0]; b++)
    if (!vatt_clip_fill_video (clip, b, (const float *)info->data + b * step,
            s[1], s[2], s[3], front->patch, error))
      return NULL;
  return g_steal_pointer (&clip);
}

static VattClip *
read_wave (
    const VattTensorInfo *info, const VattFrontEnd *front, GError **error)
{
  guint s[5] = { 0 };
  if (!take_shape (
          info, VATT_DTYPE_F32, 3, "(clips, samples, 1) of F32", s, error))
    return NULL;
  const guint grid[] = { s[1] / front->patch[0], 1, 1 };
  gsize step = (gsize)s[1] * s[2];
  if (s[2] != 1) {
    wrong_shape (info, "one channel along the last axis", error);
    return NULL;
  }
  g_autoptr (VattClip) clip =
      vatt_clip_new (VATT_AUDIO, s[0], grid, front->token_size, error);
  for (guint b = 0; clip && b < s[0]; b++)
    if (!vatt_clip_fill_wave (clip, b, (const float *)info->data + b * step,
            s[1], front->patch[0], error))
      return NULL;
  return g_steal_pointer (&clip);
}

static VattClip *
read_spectrogram (
    const VattTensorInfo *info, const VattFrontEnd *front, GError **error)
{
  guint s[5] = { 0 };
  if (!take_shape (info, VATT_DTYPE_F32, 4, "(clips, frames, bands, 1) of F32",
          s, error))
    return NULL;
  const guint grid[] = { s[1] / front->patch[0], s[2] / front->patch[1], 1 };
  gsize step = (gsize)s[1] * s[2] * s[3];
  if (s[3] != 1) {
    wrong_shape (info, "one channel along the last axis", error);
    return NULL;
  }
  g_autoptr (VattClip) clip =
      vatt_clip_new (VATT_AUDIO, s[0], grid, front->token_size, error);
  for (guint b = 0; clip && b < s[0]; b++)
    if (!vatt_clip_fill_spectrogram (clip, b,
            (const float *)info->data + b * step, s[1], s[2], front->patch,
            error))
      return NULL;
  return g_steal_pointer (&clip);
}

static VattClip *
read_words (const VattTensorInfo *info, GError **error)
{
  guint s[5] = { 0 };
  if (!take_shape (
          info, VATT_DTYPE_I32, 2, "(sentences, words) of I32", s, error))
    return NULL;
  const guint grid[] = { s[1], 1, 1 };
  VattClip *clip = vatt_clip_new (VATT_TEXT, s[0], grid, 1, error);
  if (clip)
    memcpy (vatt_clip_writable_ids (clip), info->data, info->size);
  return clip;
}

static VattClip *
read_clip (
    const VattTensorInfo *info, const VattFrontEnd *front, GError **error)
{
  switch (front->input) {
  case VATT_INPUT_VOXELS:
    return read_video (info, front, error);
  case VATT_INPUT_WAVE:
    return read_wave (info, front, error);
  case VATT_INPUT_SPECTROGRAM:
    return read_spectrogram (info, front, error);
  case VATT_INPUT_WORDS:
    return read_words (info, error);
  case VATT_INPUT_NONE:
    break;
  }
  g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
      "input '%s': the model has no tower for it", info->name);
  return NULL;
}

/* The tokens of clip that the input's list of kept ones names. */
static VattClip *
keep_tokens (const VattClip *clip, const VattTensorInfo *kept, GError **error)
{
  guint shape[5] = { 0 };
  if (!take_shape (kept, VATT_DTYPE_I32, 1, "(tokens) of I32", shape, error))
    return NULL;
  guint batch = vatt_clip_batch (clip), tokens = vatt_clip_tokens (clip);
  gsize size = vatt_clip_token_size (clip), row = size * sizeof (float);
  if (vatt_clip_modality (clip) == VATT_TEXT || shape[0] > tokens) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "input '%s' keeps %u tokens of %u; words cannot be dropped", kept->name,
        shape[0], tokens);
    return NULL;
  }
  /* No more than the clip has. */
  gsize bytes_kept = (gsize)batch * shape[0] * row;
  g_autofree guint8 *values = g_try_malloc (bytes_kept);
  if (!values) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "input '%s': no memory for %zu bytes", kept->name, bytes_kept);
    return NULL;
  }
  guint8 *to = values;
  for (guint b = 0; b < batch; b++)
    for (guint k = 0; k < shape[0]; k++, to += row) {
      gint32 token = ((const gint32 *)kept->data)[k];
      if (token < 0 || (guint)token >= tokens) {
        g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
            "input '%s' keeps token %d of %u", kept->name, token, tokens);
        return NULL;
      }
      memcpy (to,
          vatt_clip_values (clip) + ((gsize)b * tokens + (gsize)token) * size,
          row);
    }
  g_autoptr (GBytes) bytes =
      g_bytes_new_take (g_steal_pointer (&values), bytes_kept);
  return vatt_clip_new_from_bytes (vatt_clip_modality (clip), batch,
      vatt_clip_grid (clip), (guint)size, shape[0], kept->data, bytes, error);
}

static void
add_result (
    Run *run, VattModality modality, VattOutput output, const char *name)
{
  guint shape[3];
  const float *values =
      vatt_session_get_output (run->session[modality], output, shape);
  gboolean alone = output & (VATT_OUTPUT_LOGITS | VATT_OUTPUT_PROBABILITIES);
  guint64 *axes = g_new (guint64, 3);
  char *full =
      alone ? g_strdup (name)
            : g_strconcat (vatt_modality_name (modality), "/", name, NULL);
  g_ptr_array_add (run->owned, axes);
  g_ptr_array_add (run->owned, full);
  gsize count = 1;
  for (guint a = 0; a < 3; a++) {
    axes[a] = shape[a];
    count *= shape[a];
  }
  VattTensorInfo info = { .name = full,
    .dtype = VATT_DTYPE_F32,
    .rank = output == VATT_OUTPUT_TOKENS ? 3 : 2,
    .shape = axes,
    .size = count * sizeof (float),
    .data = values };
  g_array_append_val (run->results, info);
}

static gboolean
run_tower (
    Run *run, VattModality modality, const VattTensorInfo *info, GError **error)
{
  static const struct {
    VattOutput output;
    const char *name;
  } outputs[] = {
    { VATT_OUTPUT_TOKENS, "tokens" },
    { VATT_OUTPUT_POOLED, "pooled" },
    { VATT_OUTPUT_VA, "va" },
    { VATT_OUTPUT_VT, "vt" },
    { VATT_OUTPUT_LOGITS, "logits" },
    { VATT_OUTPUT_PROBABILITIES, "probabilities" },
  };
  VattConfig *config = vatt_model_get_config (run->model);
  VattSessionParams params = { .modality = modality, .views = run->views };
  for (guint i = 0; i < G_N_ELEMENTS (outputs); i++)
    if (vatt_config_get_output_width (config, modality, outputs[i].output))
      params.outputs |= outputs[i].output;
  if (params.outputs & VATT_OUTPUT_LOGITS)
    params.outputs &= ~(guint)VATT_OUTPUT_TOKENS;
  g_autoptr (VattClip) clip =
      read_clip (info, vatt_config_get_front_end (config, modality), error);
  if (!clip)
    return FALSE;
  g_autofree char *keep =
      g_strconcat (vatt_modality_name (modality), "_keep", NULL);
  const VattTensorInfo *kept = vatt_tensor_file_lookup (run->in, keep);
  if (kept) {
    VattClip *fewer = keep_tokens (clip, kept, error);
    if (!fewer)
      return FALSE;
    vatt_clip_free (clip);
    clip = fewer;
  }
  run->session[modality] =
      vatt_session_new (run->model, run->device, &params, error);
  if (!run->session[modality] ||
      !vatt_session_run (run->session[modality], clip, NULL, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (outputs); i++)
    if (params.outputs & outputs[i].output)
      add_result (run, modality, outputs[i].output, outputs[i].name);
  return TRUE;
}

static gboolean
run_all (Run *run, const char *out, GError **error)
{
  gboolean any = FALSE;
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    const VattTensorInfo *info =
        vatt_tensor_file_lookup (run->in, vatt_modality_name ((VattModality)m));
    if (info && !run_tower (run, (VattModality)m, info, error))
      return FALSE;
    any |= info != NULL;
  }
  if (!any) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "'%s' has no tensor 'video', 'audio' or 'text'",
        vatt_tensor_file_get_path (run->in));
    return FALSE;
  }
  return vatt_tensor_file_write (out,
      (const VattTensorInfo *)(const void *)run->results->data,
      run->results->len, NULL, error);
}

static VattExit
run_command (int argc, char **argv)
{
  g_autofree char *in = NULL, *out = NULL, *device_name = NULL, *weights = NULL;
  int views = 1, threads = 0;
  const GOptionEntry entries[] = {
    { "in", 'i', 0, G_OPTION_ARG_FILENAME, &in,
        "Read tensors video, audio, text from this safetensors file", "FILE" },
    { "out", 'o', 0, G_OPTION_ARG_FILENAME, &out,
        "Write the results to this safetensors file", "FILE" },
    { "views", 0, 0, G_OPTION_ARG_INT, &views,
        "Clips that make up one sample, for classifiers (1)", "V" },
    { "threads", 0, 0, G_OPTION_ARG_INT, &threads,
        "Threads that compute (one per processor)", "N" },
    VATT_TOOL_DEVICE (&device_name),
    VATT_TOOL_WEIGHTS (&weights),
    { NULL },
  };
  g_auto (GStrv) words = NULL;
  if (!vatt_tool_parse (&vatt_command_run, entries, argc, argv, 1, 1, &words))
    return VATT_EXIT_USAGE;
  if (!in || !out || views < 1 || threads < 0)
    return vatt_tool_misuse (&vatt_command_run,
        "--in and --out are needed, views must be positive, threads not "
        "negative");
  g_autoptr (GError) error = NULL;
  VattDeviceParams params = { .threads = (guint)threads };
  if (!vatt_tool_parse_weights (weights, &params.weights, &error))
    return vatt_tool_misuse (&vatt_command_run, "%s", error->message);
  g_autoptr (VattModel) model = vatt_model_load (words[0], &error);
  if (!model)
    return vatt_tool_fail (&vatt_command_run, error);
  g_autoptr (VattDevice) device =
      vatt_device_new (device_name ? device_name : "auto", &params, &error);
  if (!device)
    return vatt_tool_fail (&vatt_command_run, error);
  g_autoptr (VattTensorFile) file = vatt_tensor_file_open (in, &error);
  if (!file)
    return vatt_tool_fail (&vatt_command_run, error);
  Run run = { .model = model,
    .device = device,
    .in = file,
    .views = (guint)views,
    .results = g_array_new (FALSE, TRUE, sizeof (VattTensorInfo)),
    .owned = g_ptr_array_new_with_free_func (g_free) };
  gboolean done = run_all (&run, out, &error);
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    g_clear_object (&run.session[m]);
  g_array_unref (run.results);
  g_ptr_array_unref (run.owned);
  return done ? VATT_EXIT_DONE : vatt_tool_fail (&vatt_command_run, error);
}

const VattCommand vatt_command_run = {
  .name = "run",
  .arguments = "MODEL --in IN.safetensors --out OUT.safetensors",
  .summary = "Runs the towers whose inputs are given, tensors to tensors",
  .run = run_command,
};
