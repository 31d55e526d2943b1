/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What other languages call: the same numbers as the functions it stands for,
 * sizes that do not fit, and references. tests/python does the rest. */
#include "tinymodel.h"

#include <string.h>

static const guint patch[3] = { 1, 2, 2 }, grid[3] = { 1, 2, 3 };

static VattClip *
new_pictures (void)
{
  g_autoptr (GError) error = NULL;
  VattClip *clip = vatt_clip_new (VATT_VIDEO, 1, grid, 12, &error);
  g_assert_no_error (error);
  return clip;
}

static GBytes *
random_bytes (gsize size)
{
  guint8 *bytes = g_malloc (size);
  for (gsize i = 0; i < size; i++)
    bytes[i] = (guint8)vatt_rng_u32 (SEED, 1, i);
  return g_bytes_new_take (bytes, size);
}

static void
test_frame (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattClip) clip = new_pictures (), other = new_pictures ();
  g_autoptr (GBytes) picture = random_bytes (4 * 6 * 3);
  g_assert_true (
      vatt_clip_fill_frame_bytes (clip, 0, 0, picture, patch, 4, 6, &error));
  vatt_clip_fill_frame_u8 (other, 0, 0, g_bytes_get_data (picture, NULL), 18,
      patch, 4, 6, VATT_SCALE_SYMMETRIC, VATT_OFFSET_SYMMETRIC, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) found = vatt_clip_get_bytes (clip);
  g_autoptr (GBytes) expected = vatt_clip_get_bytes (other);
  g_assert_cmpuint (g_bytes_get_size (found), ==, 6 * 12 * sizeof (float));
  g_assert_true (g_bytes_equal (found, expected));

  /* the scale is 2 / 255 to the last bit */
  g_assert_cmpfloat (VATT_SCALE_SYMMETRIC, ==, 2.0f / 255.0f);
}

static void
test_sizes (void)
{
  static const gsize wrong[] = { 0, 1, 71, 73, 287, 289 };
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (VattClip) clip = new_pictures ();
    g_autoptr (GBytes) bytes = random_bytes (wrong[i]);
    GError *errors[4] = { NULL };
    g_assert_false (vatt_clip_fill_frame_bytes (
        clip, 0, 0, bytes, patch, 4, 6, &errors[0]));
    g_assert_false (vatt_clip_fill_video_bytes (
        clip, 0, bytes, 1, 4, 6, patch, &errors[1]));
    g_assert_null (vatt_clip_new_of_bytes (
        VATT_VIDEO, 1, grid, 12, NULL, 0, bytes, &errors[2]));
    g_assert_null (vatt_resize_bytes (6, 4, bytes, 3, 2, &errors[3]));
    for (gsize e = 0; e < G_N_ELEMENTS (errors); e++) {
      g_assert_error (errors[e], VATT_ERROR, VATT_ERROR_SHAPE);
      g_clear_error (&errors[e]);
    }
  }
}

/* No size from outside may wrap around. */
static void
test_huge (void)
{
  const guint most[3] = { G_MAXUINT, G_MAXUINT, G_MAXUINT };
  g_autoptr (GBytes) bytes = random_bytes (12);
  g_autoptr (VattClip) clip = new_pictures ();
  g_autoptr (GError) error = NULL;
  g_assert_null (vatt_clip_new_of_bytes (
      VATT_VIDEO, G_MAXUINT, most, G_MAXUINT, NULL, 0, bytes, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  g_clear_error (&error);
  g_assert_false (vatt_clip_fill_video_bytes (
      clip, 0, bytes, G_MAXUINT, G_MAXUINT, G_MAXUINT, patch, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  g_clear_error (&error);
  g_assert_null (vatt_resize_bytes (G_MAXUINT, G_MAXUINT, bytes, 1, 1, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
}

static void
test_kept (void)
{
  static const gint32 kept[] = { 4, 1 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) values = random_bytes (2 * 12 * sizeof (float));
  g_autoptr (VattClip) clip =
      vatt_clip_new_of_bytes (VATT_VIDEO, 1, grid, 12, kept, 2, values, &error);
  g_assert_no_error (error);
  guint n;
  const gint32 *found = vatt_clip_get_kept (clip, &n);
  g_assert_cmpmem (found, n * sizeof *found, kept, sizeof kept);
  g_autoptr (GBytes) same = vatt_clip_get_bytes (clip);
  g_assert_true (g_bytes_equal (same, values));
  g_autoptr (VattClip) full = new_pictures ();
  g_assert_null (vatt_clip_get_kept (full, &n));
  g_assert_cmpuint (n, ==, 0);
}

static void
test_words (void)
{
  static const char text[] = "<pad>\n<bos>\n<eos>\n<unk>\ndog\n";
  g_autoptr (VattVocabulary) vocabulary =
      vatt_vocabulary_new_from_data (text, strlen (text), NULL);
  gsize n;
  g_autofree gint32 *ids =
      vatt_vocabulary_tokenize (vocabulary, "A dog!", 4, &n);
  g_assert_cmpuint (n, ==, 4);
  const guint words[3] = { 3, 1, 1 };
  g_autoptr (VattClip) clip = vatt_clip_new (VATT_TEXT, 2, words, 1, NULL);
  memset (vatt_clip_writable_ids (clip), 1, 6 * sizeof (gint32));
  vatt_clip_set_ids (clip, 1, ids, 2);
  static const gint32 expected[] = { 3, 4, 0 };
  g_assert_cmpmem (
      vatt_clip_ids (clip) + 3, sizeof expected, expected, sizeof expected);
  vatt_clip_set_ids (clip, 0, ids, n); /* one more than there is room for */
  g_assert_cmpmem (
      vatt_clip_ids (clip), sizeof expected, expected, sizeof expected);
  g_assert_cmpint (vatt_clip_ids (clip)[3], ==, 3);
}

static void
test_output (void)
{
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattDevice) device = cpu (1);
  g_autoptr (VattSession) session = new_session (
      model, device, VATT_TEXT, VATT_OUTPUT_VT | VATT_OUTPUT_TOKENS);
  g_autofree guint *none = NULL, *axes = NULL, *token_axes = NULL;
  guint n;
  g_assert_null (
      vatt_session_get_output_bytes (session, VATT_OUTPUT_VT, &none, &n));
  g_assert_cmpuint (n, ==, 0);
  g_autoptr (VattClip) clip = new_clip (model, VATT_TEXT, 2, NULL, 0);
  run (session, clip);
  g_autoptr (GBytes) values =
      vatt_session_get_output_bytes (session, VATT_OUTPUT_VT, &axes, &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpuint (axes[0], ==, 2);
  gsize size;
  gconstpointer data = g_bytes_get_data (values, &size);
  g_assert_cmpmem (data, size,
      vatt_session_get_output (session, VATT_OUTPUT_VT, NULL),
      axes[0] * axes[1] * sizeof (float));
  g_autoptr (GBytes) tokens = vatt_session_get_output_bytes (
      session, VATT_OUTPUT_TOKENS, &token_axes, &n);
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpuint (token_axes[1], ==, vatt_clip_tokens (clip));
}

/* A copy of a boxed value is one more reference. */
static void
test_references (void)
{
  VattClip *clip = new_pictures ();
  VattClip *same = g_boxed_copy (VATT_TYPE_CLIP, clip);
  g_assert_true (same == clip);
  vatt_clip_free (clip);
  g_assert_cmpuint (vatt_clip_tokens (same), ==, 6);
  g_boxed_free (VATT_TYPE_CLIP, same);

  VattMelParams params;
  vatt_mel_params_init (&params, 16000);
  VattMel *mel = vatt_mel_new (&params, NULL);
  VattMel *shared = g_boxed_copy (VATT_TYPE_MEL, mel);
  vatt_mel_free (mel);
  const float silence[4000] = { 0 };
  g_autoptr (GBytes) found =
      vatt_mel_compute_bytes (shared, silence, G_N_ELEMENTS (silence), 3, NULL);
  g_assert_cmpuint (
      g_bytes_get_size (found), ==, 3 * vatt_mel_bands (shared) * 4);
  g_boxed_free (VATT_TYPE_MEL, shared);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bytes/frame", test_frame);
  g_test_add_func ("/bytes/sizes", test_sizes);
  g_test_add_func ("/bytes/huge", test_huge);
  g_test_add_func ("/bytes/kept", test_kept);
  g_test_add_func ("/bytes/words", test_words);
  g_test_add_func ("/bytes/output", test_output);
  g_test_add_func ("/bytes/references", test_references);
  return g_test_run ();
}
