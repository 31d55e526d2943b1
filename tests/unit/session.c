/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sessions on an untrained model of the tiny variant: what must not change
 * their results, and that they do not allocate. What they refuse is in
 * refusals.c. */
#include "allocations.h"
#include "tinymodel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Two ways of cutting sums give results that differ by the rounding of a few
 * hundred products per layer: 1e-6 at a root mean square of 1. */
#define ROUNDING 2e-5

/* A copy of an output, and how many values it has. */
static float *
copy_output (VattSession *session, VattOutput output, size_t *n)
{
  guint shape[3];
  const float *values = vatt_session_get_output (session, output, shape);
  g_assert_nonnull (values);
  *n = (size_t)shape[0] * shape[1] * shape[2];
  return g_memdup2 (values, *n * sizeof (float));
}

static float *
pooled_of (VattSession *session, const VattClip *clip, size_t *n)
{
  run (session, clip);
  return copy_output (session, VATT_OUTPUT_POOLED, n);
}

static void
assert_close (const float *found, const float *expected, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (!(fabsf (found[i] - expected[i]) <= (float)ROUNDING))
      g_error ("value %zu is %.9g, expected %.9g", i, (double)found[i],
          (double)expected[i]);
}

/* ---- allocations ---- */

static void
test_no_allocation (void)
{
  if (cannot_count) {
    g_test_skip (cannot_count);
    return;
  }
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattDevice) device = cpu (2);
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    g_autoptr (VattSession) session =
        new_session (model, device, (VattModality)m,
            VATT_OUTPUT_TOKENS | VATT_OUTPUT_POOLED |
                (m == VATT_TEXT ? VATT_OUTPUT_VT : VATT_OUTPUT_VA));
    g_autoptr (VattClip) clip = new_clip (model, (VattModality)m, 2, NULL, 0);
    g_atomic_int_set (&allocations, 0);
    g_atomic_int_set (&counting, 1);
    gboolean first = vatt_session_run (session, clip, NULL, NULL);
    gint to_plan = g_atomic_int_get (&allocations);
    gboolean good = TRUE;
    for (guint i = 0; i < 20; i++) {
      good = good && vatt_session_run (session, clip, NULL, NULL) &&
             vatt_session_get_output (session, VATT_OUTPUT_POOLED, NULL);
    }
    g_atomic_int_set (&counting, 0);
    g_assert_true (first && good);
    /* That it counts at all. */
    g_assert_cmpint (to_plan, >, 0);
    g_assert_cmpint (g_atomic_int_get (&allocations), ==, to_plan);
  }
}

/* The heads alone, on features. */
static void
test_no_allocation_features (void)
{
  if (cannot_count) {
    g_test_skip (cannot_count);
    return;
  }
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattDevice) device = cpu (2);
  g_autoptr (VattSession) session =
      new_session (model, device, VATT_VIDEO, VATT_OUTPUT_VA | VATT_OUTPUT_VT);
  float features[2 * 128];
  for (guint i = 0; i < G_N_ELEMENTS (features); i++)
    features[i] = vatt_rng_normal (SEED, 0, i);
  g_atomic_int_set (&allocations, 0);
  g_atomic_int_set (&counting, 1);
  gboolean good = vatt_session_run_features (session, features, 2, 128, NULL);
  gint to_plan = g_atomic_int_get (&allocations);
  for (guint i = 0; i < 20; i++)
    good = good && vatt_session_run_features (session, features, 2, 128, NULL);
  g_atomic_int_set (&counting, 0);
  g_assert_true (good);
  g_assert_cmpint (to_plan, >, 0);
  g_assert_cmpint (g_atomic_int_get (&allocations), ==, to_plan);
}

/* ---- what must not change results ---- */

typedef struct {
  VattModel *model;
  VattDevice *device;
  const VattClip *clip[VATT_N_MODALITIES];
  float *expected[VATT_N_MODALITIES];
  size_t n[VATT_N_MODALITIES];
} Shared;

static gpointer
run_sessions (gpointer data)
{
  const Shared *shared = data;
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    g_autoptr (VattSession) session = new_session (
        shared->model, shared->device, (VattModality)m, VATT_OUTPUT_POOLED);
    for (guint i = 0; i < 5; i++) {
      size_t n;
      g_autofree float *pooled = pooled_of (session, shared->clip[m], &n);
      g_assert_cmpmem (pooled, n * sizeof (float), shared->expected[m],
          shared->n[m] * sizeof (float));
    }
  }
  return NULL;
}

/* Threads with sessions of their own on one model: on one device, whose pool
 * they use in turn, and on one more. */
static void
test_many_sessions (void)
{
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattDevice) device = cpu (2);
  g_autoptr (VattDevice) other = cpu (2);
  Shared shared = { .model = model, .device = device };
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    shared.clip[m] = new_clip (model, (VattModality)m, 1, NULL, 0);
    g_autoptr (VattSession) session =
        new_session (model, device, (VattModality)m, VATT_OUTPUT_POOLED);
    shared.expected[m] = pooled_of (session, shared.clip[m], &shared.n[m]);
  }
  Shared on_other = shared;
  on_other.device = other;
  GThread *thread[6];
  for (guint i = 0; i < G_N_ELEMENTS (thread); i++)
    thread[i] =
        g_thread_new ("session", run_sessions, i % 3 ? &shared : &on_other);
  for (guint i = 0; i < G_N_ELEMENTS (thread); i++)
    g_thread_join (thread[i]);
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    vatt_clip_free ((VattClip *)shared.clip[m]);
    g_free (shared.expected[m]);
  }
}

static void
test_thread_count (void)
{
  g_autoptr (VattModel) model = tiny_model ();
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    g_autoptr (VattClip) clip = new_clip (model, (VattModality)m, 3, NULL, 0);
    g_autofree float *expected = NULL;
    for (guint threads = 1; threads <= 5; threads++) {
      g_autoptr (VattDevice) device = cpu (threads);
      g_assert_cmpuint (vatt_device_get_threads (device), ==, threads);
      g_autoptr (VattSession) session =
          new_session (model, device, (VattModality)m, VATT_OUTPUT_POOLED);
      size_t n;
      g_autofree float *pooled = pooled_of (session, clip, &n);
      if (expected)
        assert_close (pooled, expected, n);
      else
        expected = g_steal_pointer (&pooled);
    }
  }
}

static void
test_batch (void)
{
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattDevice) device = cpu (2);
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    g_autoptr (VattSession) session =
        new_session (model, device, (VattModality)m, VATT_OUTPUT_POOLED);
    g_autoptr (VattClip) seven = new_clip (model, (VattModality)m, 7, NULL, 0);
    size_t n, one;
    g_autofree float *together = pooled_of (session, seven, &n);
    for (guint item = 0; item < 7; item++) {
      g_autoptr (VattClip) clip =
          new_clip (model, (VattModality)m, 1, NULL, item);
      g_autofree float *alone = pooled_of (session, clip, &one);
      g_assert_cmpuint (one * 7, ==, n);
      assert_close (together + item * one, alone, one);
      /* Items differ, or the comparison above says nothing. */
      g_assert_true (
          !item || memcmp (alone, together, one * sizeof *alone) != 0);
    }
  }
}

/* Clips of other shapes and back again: same bits as a new session. */
static void
test_replanning (void)
{
  static const guint grids[][3] = { { 8, 4, 4 }, { 3, 5, 2 }, { 1, 1, 1 },
    { 8, 4, 4 }, { 2, 7, 7 } };
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattDevice) device = cpu (2);
  g_autoptr (VattSession) session = new_session (
      model, device, VATT_VIDEO, VATT_OUTPUT_POOLED | VATT_OUTPUT_TOKENS);
  g_assert_cmpuint (vatt_session_get_activation_bytes (session), ==, 0);
  for (guint g = 0; g < G_N_ELEMENTS (grids); g++)
    for (guint batch = 1; batch <= 2; batch++) {
      g_autoptr (VattClip) clip =
          new_clip (model, VATT_VIDEO, batch, grids[g], 0);
      g_autoptr (VattSession) fresh = new_session (
          model, device, VATT_VIDEO, VATT_OUTPUT_POOLED | VATT_OUTPUT_TOKENS);
      run (session, clip);
      run (fresh, clip);
      const VattOutput outputs[] = { VATT_OUTPUT_POOLED, VATT_OUTPUT_TOKENS };
      for (guint o = 0; o < G_N_ELEMENTS (outputs); o++) {
        size_t n, m;
        g_autofree float *a = copy_output (session, outputs[o], &n);
        g_autofree float *b = copy_output (fresh, outputs[o], &m);
        g_assert_cmpmem (a, n * sizeof *a, b, m * sizeof *b);
      }
      guint shape[3];
      vatt_session_get_output (session, VATT_OUTPUT_TOKENS, shape);
      g_assert_cmpuint (shape[0], ==, batch);
      g_assert_cmpuint (shape[1], ==, grids[g][0] * grids[g][1] * grids[g][2]);
      g_assert_cmpuint (vatt_session_get_activation_bytes (session), ==,
          vatt_session_get_activation_bytes (fresh));
    }
}

/* Tokens know their place by `kept` alone. */
static void
test_permuted_tokens (void)
{
  static const gint32 kept[] = { 3, 17, 4, 100, 127, 0, 64 };
  static const guint order[] = { 4, 0, 6, 1, 5, 2, 3 };
  const guint tokens = G_N_ELEMENTS (kept);
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattDevice) device = cpu (2);
  g_autoptr (VattSession) session =
      new_session (model, device, VATT_VIDEO, VATT_OUTPUT_POOLED);
  const VattFrontEnd *front = front_of (model, VATT_VIDEO);
  size_t size = front->token_size;
  g_autofree float *values = g_new (float, tokens *size);
  g_autofree float *permuted = g_new (float, tokens *size);
  gint32 permuted_kept[G_N_ELEMENTS (kept)];
  for (size_t i = 0; i < tokens * size; i++)
    values[i] = vatt_rng_normal (SEED, 1, i);
  for (guint t = 0; t < tokens; t++) {
    permuted_kept[t] = kept[order[t]];
    memcpy (
        permuted + t * size, values + order[t] * size, size * sizeof (float));
  }
  GBytes *bytes[] = { g_bytes_new (values, tokens * size * sizeof (float)),
    g_bytes_new (permuted, tokens * size * sizeof (float)) };
  const gint32 *indices[] = { kept, permuted_kept, permuted_kept };
  float *pooled[3];
  size_t n = 0;
  for (guint i = 0; i < 3; i++) {
    /* The third keeps the values, but not their places. */
    g_autoptr (VattClip) clip =
        vatt_clip_new_from_bytes (VATT_VIDEO, 1, front->grid, front->token_size,
            tokens, indices[i], bytes[i % 2], &error);
    g_assert_no_error (error);
    pooled[i] = pooled_of (session, clip, &n);
  }
  assert_close (pooled[1], pooled[0], n);
  float difference = 0.0f;
  for (size_t i = 0; i < n; i++)
    difference = fmaxf (difference, fabsf (pooled[2][i] - pooled[0][i]));
  g_assert_cmpfloat ((double)difference, >, 100 * ROUNDING);
  for (guint i = 0; i < 3; i++)
    g_free (pooled[i]);
  g_bytes_unref (bytes[0]);
  g_bytes_unref (bytes[1]);
}

/* Items that keep tokens of their own come to what each comes to alone. */
static void
test_own_tokens (void)
{
  enum { ITEMS = 3, KEEP = 29 };
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattDevice) device = cpu (2);
  for (guint m = VATT_VIDEO; m <= VATT_AUDIO; m++) {
    g_autoptr (VattSession) session =
        new_session (model, device, (VattModality)m, VATT_OUTPUT_POOLED);
    g_autoptr (VattClip) all =
        new_clip (model, (VattModality)m, ITEMS, NULL, 0);
    g_assert_true (vatt_clip_drop_tokens_each (all, KEEP, SEED, 1, &error));
    g_assert_no_error (error);
    size_t n,
        row = (size_t)KEEP * front_of (model, (VattModality)m)->token_size;
    g_autofree float *pooled = pooled_of (session, all, &n);
    for (guint item = 0; item < ITEMS; item++) {
      g_autoptr (VattClip) one = vatt_clip_new_dropped ((VattModality)m, 1,
          vatt_clip_grid (all), vatt_clip_token_size (all), KEEP, &error);
      g_assert_no_error (error);
      memcpy (vatt_clip_writable_values (one),
          vatt_clip_values (all) + item * row, row * sizeof (float));
      memcpy (vatt_clip_writable_kept (one), vatt_clip_kept (all) + item * KEEP,
          KEEP * sizeof (gint32));
      size_t width;
      g_autofree float *alone = pooled_of (session, one, &width);
      g_assert_cmpuint (width * ITEMS, ==, n);
      assert_close (pooled + item * width, alone, width);
    }
  }
}

/* ---- sentences ---- */

static VattClip *
sentence (const gint32 *ids, guint words, guint padded)
{
  const guint grid[] = { padded, 1, 1 };
  VattClip *clip = vatt_clip_new (VATT_TEXT, 1, grid, 1, NULL);
  memcpy (vatt_clip_writable_ids (clip), ids, words * sizeof *ids);
  return clip;
}

/* Relative positions and masks: pads at the end count for nothing. */
static void
test_padding (void)
{
  static const gint32 ids[] = { 5, 900, 1, 77, 5 };
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattDevice) device = cpu (2);
  g_autoptr (VattSession) session = new_session (
      model, device, VATT_TEXT, VATT_OUTPUT_POOLED | VATT_OUTPUT_VT);
  for (guint words = 0; words <= G_N_ELEMENTS (ids); words++) {
    g_autofree float *expected = NULL;
    for (guint padded = MAX (words, 1); padded <= 40; padded += 3) {
      g_autoptr (VattClip) clip = sentence (ids, words, padded);
      size_t n;
      g_autofree float *pooled = pooled_of (session, clip, &n);
      if (expected)
        assert_close (pooled, expected, n);
      else
        expected = g_steal_pointer (&pooled);
    }
  }
}

/* A rate for shapes of any remainder, none for more than memory holds. */
int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/no-allocation", test_no_allocation);
  g_test_add_func (
      "/session/no-allocation-features", test_no_allocation_features);
  g_test_add_func ("/session/many-sessions", test_many_sessions);
  g_test_add_func ("/session/thread-count", test_thread_count);
  g_test_add_func ("/session/batch", test_batch);
  g_test_add_func ("/session/replanning", test_replanning);
  g_test_add_func ("/session/permuted-tokens", test_permuted_tokens);
  g_test_add_func ("/session/own-tokens", test_own_tokens);
  g_test_add_func ("/session/padding", test_padding);
  return g_test_run ();
}
