/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Clips: cutting into patches, DropToken, views over bytes, scaling. Sizes are
 * uneven and leave a tail on every axis. */
#include <math.h>
#include <string.h>

#include <vatt/clip.h>

enum { T = 7, H = 11, W = 13 };
static const guint patch[3] = { 2, 3, 5 };
static const guint grid[3] = { 3, 3, 2 };
#define TOKEN (2 * 3 * 5 * 3)
#define TOKENS (3 * 3 * 2)

static VattClip *
new_clip (VattModality modality, guint batch, const guint size[3], guint token)
{
  g_autoptr (GError) error = NULL;
  VattClip *clip = vatt_clip_new (modality, batch, size, token, &error);
  g_assert_no_error (error);
  return clip;
}

/* Where voxel (t, h, w, c) of item 1 is, written apart from the code. */
static gsize
voxel_index (guint t, guint h, guint w, guint c)
{
  guint token = (t / 2 * 3 + h / 3) * 2 + w / 5;
  guint inside = ((t % 2 * 3 + h % 3) * 5 + w % 5) * 3 + c;
  return (gsize)(TOKENS + token) * TOKEN + inside;
}

static guint8
voxel_value (guint t, guint h, guint w, guint c)
{
  return (guint8)(t * 101 + h * 37 + w * 11 + c * 3);
}

static void
check_video (const VattClip *clip)
{
  const float *values = vatt_clip_values (clip);
  for (guint i = 0; i < TOKENS * TOKEN; i++)
    g_assert_cmpfloat (values[i], ==, 0.0f);
  for (guint t = 0; t < 6; t++)
    for (guint h = 0; h < 9; h++)
      for (guint w = 0; w < 10; w++)
        for (guint c = 0; c < 3; c++)
          g_assert_cmpfloat (values[voxel_index (t, h, w, c)], ==,
              (float)voxel_value (t, h, w, c) * 0.5f - 3.0f);
}

static void
test_video (void)
{
  enum { STRIDE = W * 3 + 4 };
  static guint8 frame[H * STRIDE];
  static float video[T * H * W * 3];
  g_autoptr (VattClip) bytes = new_clip (VATT_VIDEO, 2, grid, TOKEN);
  g_autoptr (VattClip) floats = new_clip (VATT_VIDEO, 2, grid, TOKEN);
  g_assert_cmpuint ((guintptr)vatt_clip_values (bytes) % 64, ==, 0);
  for (guint t = 0; t < T; t++) {
    for (guint h = 0; h < H; h++)
      for (guint w = 0; w < W; w++)
        for (guint c = 0; c < 3; c++) {
          guint8 x = voxel_value (t, h, w, c);
          frame[h * STRIDE + w * 3 + c] = x;
          video[((t * H + h) * W + w) * 3 + c] = (float)x * 0.5f - 3.0f;
        }
    g_assert_true (vatt_clip_fill_frame_u8 (
        bytes, 1, t, frame, STRIDE, patch, H, W, 0.5f, -3.0f, NULL));
  }
  g_assert_true (vatt_clip_fill_video (floats, 1, video, T, H, W, patch, NULL));
  check_video (bytes);
  check_video (floats);
}

static void
test_standardize (void)
{
  g_autoptr (VattClip) clip = new_clip (VATT_VIDEO, 2, grid, TOKEN);
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  static float video[6 * 9 * 10 * 3];
  const guint pixels = 9 * 10 * 3;
  for (guint i = 0; i < G_N_ELEMENTS (video); i++)
    video[i] = (float)g_rand_double_range (rand, 0.2, 0.9);
  g_assert_true (vatt_clip_fill_video (clip, 1, video, 6, 9, 10, patch, NULL));
  g_assert_true (vatt_clip_standardize (clip, 1, patch, NULL));

  static double expected[6 * 9 * 10 * 3];
  double squares = 0.0;
  for (guint p = 0; p < pixels; p++) {
    double mean = 0.0;
    for (guint t = 0; t < 6; t++)
      mean += (double)video[t * pixels + p] / 6.0;
    for (guint t = 0; t < 6; t++) {
      expected[t * pixels + p] = (double)video[t * pixels + p] - mean;
      squares += expected[t * pixels + p] * expected[t * pixels + p];
    }
  }
  /* Two roundings to float of values up to about 3. */
  double deviation = sqrt (squares / (6 * pixels));
  for (guint i = 0; i < 6 * pixels; i++)
    g_assert_cmpfloat (
        fabs ((double)vatt_clip_values (clip)[voxel_index (
                  i / pixels, i % pixels / 30, i % 30 / 3, i % 3)] -
              (expected[i] / deviation)),
        <=, 1e-6);

  /* Still pictures leave exactly nothing. */
  for (guint t = 1; t < 6; t++)
    memcpy (video + t * pixels, video, pixels * sizeof *video);
  g_assert_true (vatt_clip_fill_video (clip, 1, video, 6, 9, 10, patch, NULL));
  g_assert_true (vatt_clip_standardize (clip, 1, patch, NULL));
  for (guint i = 0; i < 2 * TOKENS * TOKEN; i++)
    g_assert_cmpfloat (vatt_clip_values (clip)[i], ==, 0.0f);
}

static void
test_sound (void)
{
  float samples[5 * 7];
  for (guint i = 0; i < G_N_ELEMENTS (samples); i++)
    samples[i] = (float)i;
  const guint wave_grid[3] = { 8, 1, 1 };
  g_autoptr (VattClip) wave = new_clip (VATT_AUDIO, 1, wave_grid, 4);
  g_assert_true (vatt_clip_fill_wave (wave, 0, samples, 35, 4, NULL));
  g_assert_cmpmem (vatt_clip_values (wave), 128, samples, 128);

  /* (5, 7) by (2, 3): grid (2, 2). */
  const guint mel_grid[3] = { 2, 2, 1 }, mel_patch[2] = { 2, 3 };
  const float expected[24] = { 0, 1, 2, 7, 8, 9, 3, 4, 5, 10, 11, 12, 14, 15,
    16, 21, 22, 23, 17, 18, 19, 24, 25, 26 };
  g_autoptr (VattClip) mel = new_clip (VATT_AUDIO, 1, mel_grid, 6);
  g_assert_true (
      vatt_clip_fill_spectrogram (mel, 0, samples, 5, 7, mel_patch, NULL));
  g_assert_cmpmem (
      vatt_clip_values (mel), sizeof expected, expected, sizeof expected);

  float loud[4] = { 3.0f, -3.0f, 3.0f, -3.0f }, silent[3] = { 0 };
  vatt_wave_normalize_rms (loud, 4);
  g_assert_cmpfloat (loud[0], ==, 1.0f);
  g_assert_cmpfloat (loud[3], ==, -1.0f);
  vatt_wave_normalize_rms (silent, 3);
  g_assert_cmpfloat (silent[2], ==, 0.0f);
  vatt_wave_normalize_rms (NULL, 0);
}

static void
test_drop (void)
{
  const guint wide[3] = { 4, 5, 2 };
  g_autoptr (VattClip) clip = new_clip (VATT_VIDEO, 3, wide, 6);
  guint chosen[40] = { 0 };
  const guint rounds = 2000, keep = 13;
  for (guint round = 0; round < rounds; round++) {
    vatt_clip_reset (clip);
    float *values = vatt_clip_writable_values (clip);
    for (guint i = 0; i < 3 * 40 * 6; i++)
      values[i] = (float)i;
    g_assert_true (vatt_clip_drop_tokens (clip, keep, 5, round, NULL));
    const gint32 *kept = vatt_clip_kept (clip);
    g_assert_cmpuint (vatt_clip_tokens (clip), ==, keep);
    for (guint i = 0; i < keep; i++) {
      g_assert_cmpint (kept[i], >, i == 0 ? -1 : kept[i - 1]);
      g_assert_cmpint (kept[i], <, 40);
      chosen[kept[i]]++;
      for (guint v = 0; v < 3 * 6; v++)
        g_assert_cmpfloat (values[(v / 6 * keep + i) * 6 + v % 6], ==,
            (float)((v / 6 * 40 + (guint)kept[i]) * 6 + v % 6));
    }
  }
  /* Binomial: five standard deviations about the mean. */
  double p = (double)keep / 40.0;
  for (guint i = 0; i < 40; i++)
    g_assert_cmpfloat (fabs (chosen[i] - (rounds * p)), <=,
        5.0 * sqrt (rounds * p * (1.0 - p)));

  vatt_clip_reset (clip);
  g_assert_null (vatt_clip_kept (clip));
  g_assert_true (vatt_clip_drop_tokens (clip, 40, 5, 0, NULL));
  g_assert_cmpint (vatt_clip_kept (clip)[39], ==, 39);
}

/* Every item has values and places of its own; the first draws as a batch
 * does, and the draw does not hang on how many items there are. */
static void
test_drop_each (void)
{
  const guint wide[3] = { 4, 5, 2 };
  const guint keep = 13, items = 3, size = 6;
  g_autoptr (VattClip) clip = new_clip (VATT_VIDEO, items, wide, size);
  g_autoptr (VattClip) less = new_clip (VATT_VIDEO, items - 1, wide, 1);
  g_autoptr (VattClip) shared = new_clip (VATT_VIDEO, items, wide, size);
  float *values = vatt_clip_writable_values (clip);
  for (guint i = 0; i < items * 40 * size; i++)
    values[i] = (float)i;
  g_assert_cmpuint (vatt_clip_kept_rows (clip), ==, 0);
  g_assert_true (vatt_clip_drop_tokens_each (clip, keep, 5, 7, NULL));
  g_assert_true (vatt_clip_drop_tokens_each (less, keep, 5, 7, NULL));
  g_assert_true (vatt_clip_drop_tokens (shared, keep, 5, 7, NULL));
  g_assert_cmpuint (vatt_clip_kept_rows (clip), ==, items);
  g_assert_cmpuint (vatt_clip_kept_rows (shared), ==, 1);
  const gint32 *kept = vatt_clip_kept (clip);
  for (guint i = 0; i < items * keep; i++) {
    g_assert_cmpint (kept[i], >, i % keep == 0 ? -1 : kept[i - 1]);
    g_assert_cmpint (kept[i], <, 40);
    for (guint v = 0; v < size; v++)
      g_assert_cmpfloat (values[i * size + v], ==,
          (float)((i / keep * 40 + (guint)kept[i]) * size + v));
  }
  gsize bytes = keep * sizeof *kept;
  g_assert_cmpmem (kept, bytes, vatt_clip_kept (shared), bytes);
  g_assert_cmpmem (kept, 2 * bytes, vatt_clip_kept (less), 2 * bytes);
  g_assert_cmpint (memcmp (kept, kept + keep, bytes), !=, 0);
  g_assert_cmpint (memcmp (kept + keep, kept + 2 * keep, bytes), !=, 0);
  vatt_clip_reset (clip);
  g_assert_cmpuint (vatt_clip_kept_rows (clip), ==, 0);
  g_assert_cmpuint (vatt_clip_tokens (clip), ==, 40);
}

static void
test_new_dropped (void)
{
  const guint wide[3] = { 4, 5, 2 };
  g_autoptr (GError) error = NULL;
  g_autoptr (VattClip) clip =
      vatt_clip_new_dropped (VATT_VIDEO, 2, wide, 3, 11, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (vatt_clip_tokens (clip), ==, 11);
  g_assert_cmpuint (vatt_clip_kept_rows (clip), ==, 2);
  g_assert_true (vatt_clip_kept (clip) == vatt_clip_writable_kept (clip));
  for (guint i = 0; i < 2 * 11; i++)
    g_assert_cmpint (vatt_clip_kept (clip)[i], ==, (gint32)(i % 11));
  for (guint i = 0; i < 2 * 11 * 3; i++)
    g_assert_cmpfloat (vatt_clip_writable_values (clip)[i], ==, 0.0f);
  g_assert_true (vatt_clip_check_kept (clip, &error));
  g_assert_no_error (error);
  vatt_clip_writable_kept (clip)[11 + 4] = 40;
  g_assert_false (vatt_clip_check_kept (clip, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  g_assert_nonnull (strstr (
      error->message, "kept token 4 of item 1 is 40, expected 0 to 39"));
  g_clear_error (&error);
  g_assert_null (vatt_clip_new_dropped (VATT_VIDEO, 2, wide, 3, 41, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
  g_clear_error (&error);
  g_assert_null (vatt_clip_new_dropped (VATT_VIDEO, 0, wide, 3, 4, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
}

static void
test_drop_repeats (void)
{
  const guint line[3] = { 1200, 1, 1 };
  g_autoptr (VattClip) a = new_clip (VATT_AUDIO, 1, line, 1);
  g_autoptr (VattClip) b = new_clip (VATT_AUDIO, 2, line, 3);
  g_autoptr (VattClip) c = new_clip (VATT_AUDIO, 1, line, 1);
  g_assert_true (vatt_clip_drop_tokens (a, 600, 1, 2, NULL));
  g_assert_true (vatt_clip_drop_tokens (b, 600, 1, 2, NULL));
  g_assert_true (vatt_clip_drop_tokens (c, 600, 1, 3, NULL));
  gsize size = 600 * sizeof (gint32);
  g_assert_cmpmem (vatt_clip_kept (a), size, vatt_clip_kept (b), size);
  g_assert_cmpint (
      memcmp (vatt_clip_kept (a), vatt_clip_kept (c), size), !=, 0);
}

static void
test_bytes (void)
{
  static const float values[2 * 3 * 4] = { 1.0f, 2.0f };
  static const gint32 words[6] = { 4, 5, 0, 6, 0, 0 };
  const guint small[3] = { 2, 3, 1 }, line[3] = { 3, 1, 1 };
  const gint32 kept[3] = { 5, 0, 3 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static (values, sizeof values);
  g_autoptr (VattClip) clip = vatt_clip_new_from_bytes (
      VATT_AUDIO, 2, small, 4, 3, kept, bytes, &error);
  g_assert_no_error (error);
  g_assert_true (vatt_clip_values (clip) == values);
  g_assert_cmpmem (vatt_clip_kept (clip), sizeof kept, kept, sizeof kept);
  g_assert_cmpuint (vatt_clip_batch (clip), ==, 2);
  g_assert_cmpuint (vatt_clip_grid (clip)[1], ==, 3);
  g_assert_cmpuint (vatt_clip_token_size (clip), ==, 4);

  g_autoptr (GBytes) text = g_bytes_new_static (words, sizeof words);
  g_autoptr (VattClip) ids =
      vatt_clip_new_from_bytes (VATT_TEXT, 2, line, 1, 3, NULL, text, &error);
  g_assert_no_error (error);
  g_assert_cmpint (vatt_clip_ids (ids)[3], ==, 6);
}

static void
check_bytes_refused (guint batch, const guint size[3], guint token,
    guint tokens, const gint32 *kept, gsize length)
{
  static const float values[64] = { 0 };
  g_autoptr (GBytes) bytes = g_bytes_new_static (values, length);
  g_autoptr (GError) error = NULL;
  g_assert_null (vatt_clip_new_from_bytes (
      VATT_AUDIO, batch, size, token, tokens, kept, bytes, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  g_test_message ("%s", error->message);
}

static void
test_errors (void)
{
  const guint line[3] = { 4, 1, 1 }, none[3] = { 4, 0, 1 };
  const guint huge[3] = { G_MAXUINT, G_MAXUINT, G_MAXUINT };
  const gint32 twice[2] = { 1, 1 }, below[2] = { 0, -1 }, above[2] = { 0, 4 };
  const gint32 good[2] = { 3, 0 };
  check_bytes_refused (1, line, 2, 4, NULL, 31);
  check_bytes_refused (1, line, 2, 3, NULL, 24);
  check_bytes_refused (1, none, 2, 0, NULL, 0);
  check_bytes_refused (0, line, 2, 4, NULL, 0);
  check_bytes_refused (1, huge, 2, 4, NULL, 32);
  check_bytes_refused (G_MAXUINT, line, G_MAXUINT, 4, NULL, 32);
  check_bytes_refused (1, line, 2, 2, twice, 16);
  check_bytes_refused (1, line, 2, 2, below, 16);
  check_bytes_refused (1, line, 2, 2, above, 16);
  check_bytes_refused (1, line, 2, 2, good, 32);
  check_bytes_refused (1, line, 2, 0, good, 0);
  check_bytes_refused (1, line, 2, 5, good, 40);

  g_autoptr (GError) error = NULL;
  g_assert_null (vatt_clip_new (VATT_TEXT, 1, line, 2, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  g_clear_error (&error);
  g_autoptr (VattClip) clip = new_clip (VATT_AUDIO, 1, line, 2);
  g_assert_false (vatt_clip_drop_tokens (clip, 5, 0, 0, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
  g_clear_error (&error);
  float samples[10] = { 0 };
  g_assert_false (vatt_clip_fill_wave (clip, 0, samples, 10, 2, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  g_clear_error (&error);
  g_assert_false (vatt_clip_fill_wave (clip, 0, samples, 10, 0, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  g_clear_error (&error);
  guint8 rgb[9] = { 0 };
  g_autoptr (VattClip) video = new_clip (VATT_VIDEO, 1, grid, TOKEN);
  g_assert_false (vatt_clip_fill_frame_u8 (
      video, 0, 0, rgb, 9, patch, 1, 3, 1.0f, 0.0f, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
}

static void
test_nan (void)
{
  const guint line[3] = { 700, 1, 1 };
  g_autoptr (VattClip) clip = new_clip (VATT_AUDIO, 1, line, 3);
  float *values = vatt_clip_writable_values (clip);
  values[0] = 3e38f;
  values[1] = -1e-45f;
  g_assert_cmpint (vatt_clip_has_nan (clip), ==, -1);
  values[2099] = NAN;
  g_assert_cmpint (vatt_clip_has_nan (clip), ==, 2099);
  values[1024] = -INFINITY;
  g_assert_cmpint (vatt_clip_has_nan (clip), ==, 1024);
}

static void
test_names (void)
{
  g_assert_cmpstr (vatt_modality_name (VATT_VIDEO), ==, "video");
  g_assert_cmpstr (vatt_modality_name (VATT_AUDIO), ==, "audio");
  g_assert_cmpstr (vatt_modality_name (VATT_TEXT), ==, "text");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/clip/video", test_video);
  g_test_add_func ("/clip/standardize", test_standardize);
  g_test_add_func ("/clip/sound", test_sound);
  g_test_add_func ("/clip/drop", test_drop);
  g_test_add_func ("/clip/drop-each", test_drop_each);
  g_test_add_func ("/clip/new-dropped", test_new_dropped);
  g_test_add_func ("/clip/drop-repeats", test_drop_repeats);
  g_test_add_func ("/clip/bytes", test_bytes);
  g_test_add_func ("/clip/errors", test_errors);
  g_test_add_func ("/clip/nan", test_nan);
  g_test_add_func ("/clip/names", test_names);
  return g_test_run ();
}
