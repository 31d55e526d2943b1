/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Golden cases. */
#include "case.h"

#include <string.h>

static guint
member (JsonObject *object, const char *name, guint otherwise)
{
  return object && json_object_has_member (object, name)
             ? (guint)json_object_get_int_member (object, name)
             : otherwise;
}

void
golden_case_init (GoldenCase *test, char *folder)
{
  static const char *const sections[] = { "video", "audio", "text", "unified",
    "model" };
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (folder, "config.json", NULL);
  *test = (GoldenCase){ .folder = folder, .parser = json_parser_new () };
  json_parser_load_from_file (test->parser, path, &error);
  g_assert_no_error (error);
  JsonObject *root = test->config =
      json_node_get_object (json_parser_get_root (test->parser));
  test->views = member (root, "views", 1);
  for (guint s = 0; s < G_N_ELEMENTS (sections); s++) {
    if (!json_object_has_member (root, sections[s]))
      continue;
    guint width =
        member (json_object_get_object_member (root, sections[s]), "d_kv", 0);
    for (guint m = 0; m < VATT_N_MODALITIES; m++)
      if (s == m || s >= VATT_N_MODALITIES)
        test->head_width[m] = width;
  }
}

void
golden_case_clear (GoldenCase *test)
{
  g_object_unref (test->parser);
  g_free (test->folder);
}

VattClip *
golden_clip (const VattTensorInfo *info, VattModality modality,
    const VattFrontEnd *front)
{
  g_autoptr (GError) error = NULL;
  guint s[5] = { 1, 1, 1, 1, 1 };
  for (guint a = 0; a < info->rank; a++)
    s[a] = (guint)info->shape[a];
  guint grid[3] = { s[1] / front->patch[0], 1, 1 };
  for (guint a = 1; modality != VATT_TEXT && a + 2 < info->rank; a++)
    grid[a] = s[a + 1] / front->patch[a];
  VattClip *clip =
      vatt_clip_new (modality, s[0], grid, front->token_size, &error);
  g_assert_no_error (error);
  if (modality == VATT_TEXT) {
    memcpy (vatt_clip_writable_ids (clip), info->data, info->size);
    return clip;
  }
  gsize step = info->size / sizeof (float) / s[0];
  for (guint b = 0; b < s[0]; b++) {
    const float *values = (const float *)info->data + b * step;
    if (front->input == VATT_INPUT_VOXELS)
      vatt_clip_fill_video (
          clip, b, values, s[1], s[2], s[3], front->patch, &error);
    else if (front->input == VATT_INPUT_WAVE)
      vatt_clip_fill_wave (clip, b, values, s[1], front->patch[0], &error);
    else
      vatt_clip_fill_spectrogram (
          clip, b, values, s[1], s[2], front->patch, &error);
    g_assert_no_error (error);
  }
  return clip;
}

VattClip *
golden_clip_kept (const VattClip *clip, const VattTensorInfo *keep)
{
  g_autoptr (GError) error = NULL;
  const gint32 *kept = keep->data;
  guint tokens = (guint)keep->shape[0], all = vatt_clip_tokens (clip);
  gsize size = vatt_clip_token_size (clip) * sizeof (float);
  guint batch = vatt_clip_batch (clip);
  char *values = g_malloc (batch * tokens * size);
  const char *from = (const char *)vatt_clip_values (clip);
  for (guint b = 0; b < batch; b++)
    for (guint t = 0; t < tokens; t++)
      memcpy (values + (b * tokens + t) * size,
          from + (b * all + (guint)kept[t]) * size, size);
  g_autoptr (GBytes) bytes = g_bytes_new_take (values, batch * tokens * size);
  VattClip *some = vatt_clip_new_from_bytes (vatt_clip_modality (clip), batch,
      vatt_clip_grid (clip), vatt_clip_token_size (clip), tokens, kept, bytes,
      &error);
  g_assert_no_error (error);
  return some;
}
