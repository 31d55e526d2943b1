/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What sessions must refuse, and how they say so. */
#include "tinymodel.h"

#include <math.h>
#include <string.h>

static void
assert_refused (VattSession *session, const VattClip *clip, GQuark domain,
    gint code, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (vatt_session_run (session, clip, NULL, &error));
  g_assert_error (error, domain, code);
  if (!strstr (error->message, text))
    g_error ("'%s' does not say '%s'", error->message, text);
  /* A result from before is no longer given. */
  g_assert_null (vatt_session_get_output (session, VATT_OUTPUT_POOLED, NULL));
}

static void
test_wrong_clips (void)
{
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattDevice) device = cpu (1);
  g_autoptr (VattSession) video =
      new_session (model, device, VATT_VIDEO, VATT_OUTPUT_POOLED);
  g_autoptr (VattClip) audio = new_clip (model, VATT_AUDIO, 1, NULL, 0);
  assert_refused (video, audio, VATT_ERROR, VATT_ERROR_SHAPE,
      "the clip is audio, expected video");
  const guint grid[] = { 8, 4, 4 };
  g_autoptr (VattClip) size = vatt_clip_new (VATT_VIDEO, 1, grid, 5, NULL);
  assert_refused (video, size, VATT_ERROR, VATT_ERROR_SHAPE,
      "video tokens have 5 values, model 'tiny' expects 3072");
  g_autoptr (VattClip) good = new_clip (model, VATT_VIDEO, 1, NULL, 0);
  const float bad[] = { NAN, INFINITY, -INFINITY };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (VattClip) nan = new_clip (model, VATT_VIDEO, 1, NULL, 0);
    vatt_clip_writable_values (nan)[12345] = bad[i];
    run (video, good);
    assert_refused (video, nan, VATT_ERROR, VATT_ERROR_SHAPE, "12345");
  }
}

static void
test_wrong_ids (void)
{
  static const gint32 bad[] = { -1, 1024, G_MAXINT32, G_MININT32 };
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattDevice) device = cpu (1);
  g_autoptr (VattSession) session =
      new_session (model, device, VATT_TEXT, VATT_OUTPUT_POOLED);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (VattClip) clip = new_clip (model, VATT_TEXT, 2, NULL, 0);
    vatt_clip_writable_ids (clip)[15] = bad[i];
    g_autofree char *text =
        g_strdup_printf ("word 15 has id %d, expected 0 to 1023", bad[i]);
    assert_refused (session, clip, VATT_ERROR, VATT_ERROR_SHAPE, text);
  }
  g_autoptr (VattClip) last = new_clip (model, VATT_TEXT, 1, NULL, 0);
  vatt_clip_writable_ids (last)[0] = 1023;
  run (session, last);
}

static void
test_outputs (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattDevice) device = cpu (1);
  const VattSessionParams params[] = {
    { .modality = VATT_VIDEO, .outputs = VATT_OUTPUT_LOGITS },
    { .modality = VATT_TEXT, .outputs = VATT_OUTPUT_VA },
    { .modality = VATT_AUDIO,
        .outputs = VATT_OUTPUT_POOLED | VATT_OUTPUT_PROBABILITIES },
  };
  for (guint i = 0; i < G_N_ELEMENTS (params); i++) {
    g_assert_null (vatt_session_new (model, device, &params[i], &error));
    g_assert_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED);
    g_assert_nonnull (strstr (error->message, "tiny"));
    g_clear_error (&error);
  }
  /* Not asked for, or not there yet. */
  g_autoptr (VattSession) session =
      new_session (model, device, VATT_VIDEO, VATT_OUTPUT_VA);
  g_autoptr (VattClip) clip = new_clip (model, VATT_VIDEO, 1, NULL, 0);
  g_assert_null (vatt_session_get_output (session, VATT_OUTPUT_VA, NULL));
  run (session, clip);
  g_assert_nonnull (vatt_session_get_output (session, VATT_OUTPUT_VA, NULL));
  g_assert_null (vatt_session_get_output (session, VATT_OUTPUT_POOLED, NULL));
  g_assert_null (vatt_session_get_output (session, VATT_OUTPUT_VT, NULL));
}

static void
test_views (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattDevice) device = cpu (1);
  const VattSessionParams params = {
    .modality = VATT_TEXT, .outputs = VATT_OUTPUT_POOLED, .views = 3
  };
  g_autoptr (VattSession) session =
      vatt_session_new (model, device, &params, &error);
  g_assert_no_error (error);
  g_autoptr (VattClip) seven = new_clip (model, VATT_TEXT, 7, NULL, 0);
  assert_refused (session, seven, VATT_ERROR, VATT_ERROR_SHAPE,
      "7 clips do not make whole samples of 3 views");
  g_autoptr (VattClip) six = new_clip (model, VATT_TEXT, 6, NULL, 0);
  run (session, six);
}

static void
test_cancelled (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattDevice) device = cpu (1);
  g_autoptr (VattSession) session =
      new_session (model, device, VATT_VIDEO, VATT_OUTPUT_POOLED);
  g_autoptr (VattClip) clip = new_clip (model, VATT_VIDEO, 1, NULL, 0);
  g_assert_true (vatt_session_run (session, clip, cancellable, &error));
  g_assert_no_error (error);
  g_cancellable_cancel (cancellable);
  g_assert_false (vatt_session_run (session, clip, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (vatt_session_get_output (session, VATT_OUTPUT_POOLED, NULL));
  run (session, clip);
}

static void
test_bad_weights (void)
{
  static const struct {
    const char *tensor;
    float value;
  } bad[] = {
    { "audio.block.1.mlp.in.weight", NAN },
    { "audio.block.1.mlp.in.weight", INFINITY },
    { "audio.patch.bias", -INFINITY },
    /* The pooled feature is finite, what is made of it is not. */
    { "head.audio.weight", NAN },
    { "head.vt.weight", INFINITY },
  };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (VattModel) model = tiny_model ();
    g_autoptr (VattDevice) device = cpu (1);
    g_autoptr (VattSession) session = new_session (model, device, VATT_AUDIO,
        VATT_OUTPUT_POOLED | VATT_OUTPUT_VA | VATT_OUTPUT_VT);
    g_autoptr (VattClip) clip = new_clip (model, VATT_AUDIO, 1, NULL, 0);
    const VattTensorInfo *info = vatt_model_lookup (model, bad[i].tensor);
    g_assert_nonnull (info);
    ((float *)info->data)[77] = bad[i].value;
    g_autofree char *text = g_strdup_printf (
        "value 77 of '%s' is not a finite number", bad[i].tensor);
    assert_refused (session, clip, VATT_ERROR, VATT_ERROR_WEIGHTS, text);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/refusals/wrong-clips", test_wrong_clips);
  g_test_add_func ("/refusals/wrong-ids", test_wrong_ids);
  g_test_add_func ("/refusals/outputs", test_outputs);
  g_test_add_func ("/refusals/views", test_views);
  g_test_add_func ("/refusals/cancelled", test_cancelled);
  g_test_add_func ("/refusals/bad-weights", test_bad_weights);
  return g_test_run ();
}
