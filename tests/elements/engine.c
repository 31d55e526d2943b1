/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What computes windows, what follows from how long they take, and what holds
 * the last element, without pipelines. */
#include "gstvattengine.h"
#include "gstvattoverload.h"
#include "gstvattterminal.h"

#include <string.h>

#define DIM 128

typedef struct {
  VattModel *model;
  GstVattEngine *engine;
} Fixture;

static void
set_up (Fixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config = vatt_config_load ("tiny", &error);
  g_assert_no_error (error);
  f->model = vatt_model_new (config, 5, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (VattDevice) device = vatt_device_new ("cpu", NULL, &error);
  g_assert_no_error (error);
  f->engine = gst_vatt_engine_new (device, &error);
  g_assert_no_error (error);
  gst_vatt_engine_use_model (f->engine, f->model);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  gst_vatt_engine_release_model (f->engine, f->model);
  g_assert_finalize_object (f->engine);
  /* No session is left to hold it. */
  g_assert_finalize_object (f->model);
}

static VattClip *
make_clip (VattModel *model, guint32 seed)
{
  g_autoptr (GError) error = NULL;
  const VattFrontEnd *front =
      vatt_config_get_front_end (vatt_model_get_config (model), VATT_VIDEO);
  VattClip *clip =
      vatt_clip_new (VATT_VIDEO, 1, front->grid, front->token_size, &error);
  g_assert_no_error (error);
  gsize n = (gsize)vatt_clip_tokens (clip) * front->token_size;
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  for (gsize i = 0; i < n; i++)
    vatt_clip_writable_values (clip)[i] =
        (float)g_rand_double_range (rand, -1, 1);
  return clip;
}

static GstVattJobParams
params_of (const Fixture *f)
{
  return (GstVattJobParams){ .model = f->model,
    .modality = VATT_VIDEO,
    .output = VATT_OUTPUT_POOLED,
    .dim = DIM,
    .max_batch = 16 };
}

static GstVattJob *
make_job (const Fixture *f, guint32 seed)
{
  GstVattJobParams params = params_of (f);
  return gst_vatt_job_new (&params, make_clip (f->model, seed));
}

/* Computes one clip by a session of its own. */
static void
reference (const Fixture *f, guint32 seed, float *values)
{
  g_autoptr (GError) error = NULL;
  VattSessionParams params = { .modality = VATT_VIDEO,
    .outputs = VATT_OUTPUT_POOLED };
  g_autoptr (VattSession) session = vatt_session_new (
      f->model, gst_vatt_engine_get_device (f->engine), &params, &error);
  g_autoptr (VattClip) clip = make_clip (f->model, seed);
  g_assert_true (vatt_session_run (session, clip, NULL, &error));
  g_assert_no_error (error);
  memcpy (values, vatt_session_get_output (session, VATT_OUTPUT_POOLED, NULL),
      DIM * sizeof (float));
}

/* Sums are blocked differently in a batch: the last digits may differ. */
static void
assert_close (const float *a, const float *b)
{
  for (guint i = 0; i < DIM; i++)
    g_assert_cmpfloat (ABS (a[i] - b[i]), <=, 2e-5f * (1.0f + ABS (b[i])));
}

/* A job whose end holds the engine's thread until it is let go, so that others
 * are sure to wait. */
typedef struct {
  GMutex lock;
  GCond cond;
  gboolean held, open;
  GstVattJob *job;
} Gate;

static void
hold (const GstVattJob *job, gpointer user_data)
{
  Gate *gate = user_data;
  g_mutex_lock (&gate->lock);
  gate->held = TRUE;
  g_cond_broadcast (&gate->cond);
  while (!gate->open)
    g_cond_wait (&gate->cond, &gate->lock);
  g_mutex_unlock (&gate->lock);
}

static void
wait_for_gate (Gate *gate)
{
  g_mutex_lock (&gate->lock);
  while (!gate->held)
    g_cond_wait (&gate->cond, &gate->lock);
  g_mutex_unlock (&gate->lock);
}

static void
close_gate (const Fixture *f, Gate *gate)
{
  *gate = (Gate){ 0 };
  g_mutex_init (&gate->lock);
  g_cond_init (&gate->cond);
  gate->job = make_job (f, 999);
  gate->job->done = hold;
  gate->job->user_data = gate;
  gst_vatt_engine_submit (f->engine, gate->job);
  wait_for_gate (gate);
}

static void
open_gate (Gate *gate)
{
  g_mutex_lock (&gate->lock);
  gate->open = TRUE;
  g_cond_broadcast (&gate->cond);
  g_mutex_unlock (&gate->lock);
  gst_vatt_job_unref (gate->job);
}

/* While one job runs others gather, and go together in powers of two, the
 * first ones first. */
static void
test_batches (Fixture *f, gconstpointer unused)
{
  enum { N = 13 };
  static const guint batch[N] = { 8, 8, 8, 8, 8, 8, 8, 8, 4, 4, 4, 4, 1 };
  GstVattJob *jobs[N];
  Gate gate;
  close_gate (f, &gate);
  for (guint i = 0; i < N; i++) {
    jobs[i] = make_job (f, i);
    gst_vatt_engine_submit (f->engine, jobs[i]);
  }
  open_gate (&gate);
  for (guint i = 0; i < N; i++) {
    float expected[DIM];
    gst_vatt_engine_wait (f->engine, jobs[i]);
    g_assert_no_error (jobs[i]->error);
    g_assert_cmpuint (jobs[i]->computed, >, 0);
    g_assert_cmpuint (jobs[i]->batch, ==, batch[i]);
    reference (f, i, expected);
    assert_close (jobs[i]->values, expected);
    gst_vatt_job_unref (jobs[i]);
  }
}

static void
test_batch_limit (Fixture *f, gconstpointer unused)
{
  enum { N = 9 };
  GstVattJob *jobs[N];
  GstVattJobParams params = params_of (f);
  params.max_batch = 3;
  for (guint i = 0; i < N; i++) {
    jobs[i] = gst_vatt_job_new (&params, make_clip (f->model, i));
    gst_vatt_engine_submit (f->engine, jobs[i]);
  }
  for (guint i = 0; i < N; i++) {
    gst_vatt_engine_wait (f->engine, jobs[i]);
    g_assert_no_error (jobs[i]->error);
    g_assert_cmpuint (jobs[i]->batch, <=, 2);
    gst_vatt_job_unref (jobs[i]);
  }
}

/* A window with a NaN fails alone. */
static void
test_bad_neighbour (Fixture *f, gconstpointer unused)
{
  enum { N = 5, BAD = 3 };
  GstVattJob *jobs[N];
  for (guint i = 0; i < N; i++)
    jobs[i] = make_job (f, i);
  vatt_clip_writable_values (jobs[BAD]->clip)[7] = __builtin_nanf ("");
  for (guint i = 0; i < N; i++)
    gst_vatt_engine_submit (f->engine, jobs[i]);
  for (guint i = 0; i < N; i++) {
    float expected[DIM];
    gst_vatt_engine_wait (f->engine, jobs[i]);
    if (i == BAD) {
      g_assert_error (jobs[i]->error, VATT_ERROR, VATT_ERROR_SHAPE);
    } else {
      g_assert_no_error (jobs[i]->error);
      reference (f, i, expected);
      assert_close (jobs[i]->values, expected);
    }
    gst_vatt_job_unref (jobs[i]);
  }
}

/* What is given up while a batch that failed is run one by one is not
 * computed; the rest is. */
static void
test_bad_batch_given_up (Fixture *f, gconstpointer unused)
{
  enum { N = 4, BAD = 0, GIVEN_UP = 2 };
  GstVattJob *jobs[N];
  Gate first, second = { 0 };
  g_mutex_init (&second.lock);
  g_cond_init (&second.cond);
  close_gate (f, &first);
  for (guint i = 0; i < N; i++)
    jobs[i] = make_job (f, i);
  vatt_clip_writable_values (jobs[BAD]->clip)[7] = __builtin_nanf ("");
  jobs[1]->done = hold;
  jobs[1]->user_data = &second;
  for (guint i = 0; i < N; i++)
    gst_vatt_engine_submit (f->engine, jobs[i]);
  open_gate (&first);
  wait_for_gate (&second);
  gst_vatt_engine_cancel (f->engine, jobs[GIVEN_UP]);
  second.job = gst_vatt_job_ref (jobs[1]);
  open_gate (&second);
  gst_vatt_engine_wait (f->engine, jobs[N - 1]);
  for (guint i = 0; i < N; i++) {
    float expected[DIM];
    reference (f, i, expected);
    if (i == BAD)
      g_assert_error (jobs[i]->error, VATT_ERROR, VATT_ERROR_SHAPE);
    else if (i == GIVEN_UP)
      g_assert_error (jobs[i]->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    else
      assert_close (jobs[i]->values, expected);
  }
  for (guint d = 0; d < DIM; d++)
    g_assert_cmpfloat (jobs[GIVEN_UP]->values[d], ==, 0.0f);
  for (guint i = 0; i < N; i++)
    gst_vatt_job_unref (jobs[i]);
}

/* Before it is submitted, while it waits, when it is done. */
static void
test_cancel (Fixture *f, gconstpointer unused)
{
  enum { N = 8 };
  GstVattJob *jobs[N];
  Gate gate;
  close_gate (f, &gate);
  for (guint i = 0; i < N; i++)
    jobs[i] = make_job (f, i);
  gst_vatt_engine_cancel (f->engine, jobs[0]);
  for (guint i = 0; i < N; i++)
    gst_vatt_engine_submit (f->engine, jobs[i]);
  for (guint i = 1; i < N; i += 2)
    gst_vatt_engine_cancel (f->engine, jobs[i]);
  /* They have their answer while the engine is still held. */
  for (guint i = 1; i < N; i += 2)
    gst_vatt_engine_wait (f->engine, jobs[i]);
  open_gate (&gate);
  for (guint i = 0; i < N; i++) {
    float expected[DIM];
    gst_vatt_engine_wait (f->engine, jobs[i]);
    if (i == 0 || i % 2) {
      g_assert_error (jobs[i]->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      continue;
    }
    g_assert_no_error (jobs[i]->error);
    reference (f, i, expected);
    assert_close (jobs[i]->values, expected);
    gst_vatt_engine_cancel (f->engine, jobs[i]);
    g_assert_no_error (jobs[i]->error);
  }
  for (guint i = 0; i < N; i++)
    gst_vatt_job_unref (jobs[i]);
}

/* While they run, at whatever moment that is: given up, or done and right. */
static void
test_cancel_running (Fixture *f, gconstpointer unused)
{
  enum { N = 40 };
  guint given_up = 0;
  float expected[DIM];
  reference (f, 7, expected);
  for (guint i = 0; i < N; i++) {
    g_autoptr (GstVattJob) job = make_job (f, 7);
    gst_vatt_engine_submit (f->engine, job);
    g_usleep (i * 100);
    gst_vatt_engine_cancel (f->engine, job);
    gst_vatt_engine_wait (f->engine, job);
    if (g_error_matches (job->error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
      given_up++;
      continue;
    }
    g_assert_no_error (job->error);
    assert_close (job->values, expected);
  }
  g_test_message ("%u of %u were given up", given_up, N);
}

static gboolean
is_close (const float *a, const float *b)
{
  guint i = 0;
  while (i < DIM && ABS (a[i] - b[i]) <= 2e-5f * (1.0f + ABS (b[i])))
    i++;
  return i == DIM;
}

/* What a session of its own makes of the tokens that are drawn in run @run. */
static void
thinned_reference (
    const Fixture *f, guint32 seed, guint keep, guint run, float *values)
{
  g_autoptr (GError) error = NULL;
  VattSessionParams params = { .modality = VATT_VIDEO,
    .outputs = VATT_OUTPUT_POOLED };
  g_autoptr (VattSession) session = vatt_session_new (
      f->model, gst_vatt_engine_get_device (f->engine), &params, &error);
  g_autoptr (VattClip) clip = make_clip (f->model, seed);
  g_assert_true (vatt_clip_drop_tokens (clip, keep, 0, run, &error));
  g_assert_true (vatt_session_run (session, clip, NULL, &error));
  g_assert_no_error (error);
  memcpy (values, vatt_session_get_output (session, VATT_OUTPUT_POOLED, NULL),
      DIM * sizeof (float));
}

/* Fewer tokens, alone and together: those of one of the engine's draws. */
static void
test_thinned (Fixture *f, gconstpointer unused)
{
  enum { N = 4, KEEP = 48 };
  GstVattJob *jobs[N];
  GstVattJobParams params = params_of (f);
  params.keep = KEEP;
  for (guint i = 0; i < N; i++) {
    jobs[i] = gst_vatt_job_new (&params, make_clip (f->model, i));
    gst_vatt_engine_submit (f->engine, jobs[i]);
  }
  for (guint i = 0; i < N; i++) {
    gboolean found = FALSE;
    gst_vatt_engine_wait (f->engine, jobs[i]);
    g_assert_no_error (jobs[i]->error);
    for (guint run = 1; run <= N && !found; run++) {
      float expected[DIM];
      thinned_reference (f, i, KEEP, run, expected);
      found = is_close (jobs[i]->values, expected);
    }
    g_assert_true (found);
    gst_vatt_job_unref (jobs[i]);
  }
}

/* A model that one of two users gives back stays; sessions go with the last. */
static void
test_models (Fixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  VattModel *other =
      vatt_model_new (vatt_model_get_config (f->model), 6, NULL, &error);
  g_assert_no_error (error);
  gst_vatt_engine_use_model (f->engine, other);
  gst_vatt_engine_use_model (f->engine, other);
  GstVattJobParams params = params_of (f);
  params.model = other;
  GstVattJob *job = gst_vatt_job_new (&params, make_clip (other, 1));
  gst_vatt_engine_submit (f->engine, job);
  gst_vatt_engine_wait (f->engine, job);
  g_assert_no_error (job->error);
  gst_vatt_job_unref (job);
  gst_vatt_engine_release_model (f->engine, other);
  gst_vatt_engine_release_model (f->engine, other);
  /* The thread may just be letting go of the job. */
  for (guint i = 0; i < 1000 && G_OBJECT (other)->ref_count > 1; i++)
    g_usleep (1000);
  g_assert_finalize_object (other);
}

/* A stand-in for a device: a window takes time in proportion to its tokens. */
static void
test_thin_policy (void)
{
  const double needed[] = { 0.5, 1.0, 1.7, 3.0, 20.0 }; /* hops, all tokens */
  for (guint c = 0; c < G_N_ELEMENTS (needed); c++) {
    GstVattThin thin;
    gst_vatt_thin_reset (&thin);
    g_assert_cmpuint (gst_vatt_thin_tokens (&thin, 128), ==, 0);
    guint changes = 0;
    for (guint i = 0; i < 200; i++) {
      guint before = thin.level;
      double load = needed[c] * thin.level / GST_VATT_THIN_LEVELS;
      gst_vatt_thin_update (
          &thin, (GstClockTime)(load * GST_SECOND), GST_SECOND);
      changes += i >= 100 && thin.level != before;
    }
    double load = needed[c] * thin.level / GST_VATT_THIN_LEVELS;
    g_test_message ("%.1f hops: level %u", needed[c], thin.level);
    g_assert_true (thin.level == 1 || load <= 0.9);
    /* Not less than need be, and at rest. */
    g_assert_true (thin.level == GST_VATT_THIN_LEVELS ||
                   needed[c] * (thin.level + 1) / GST_VATT_THIN_LEVELS > 0.7);
    g_assert_cmpuint (changes, ==, 0);
    g_assert_cmpuint (gst_vatt_thin_tokens (&thin, 3), <=, 3);
  }
}

static void
test_delay (void)
{
  GstVattDelay delay;
  gst_vatt_delay_reset (&delay);
  g_assert_true (gst_vatt_delay_update (&delay, 100));
  g_assert_cmpuint (delay.announced, ==, 125);
  /* Within the headroom nothing is told. */
  g_assert_false (gst_vatt_delay_update (&delay, 110));
  g_assert_true (gst_vatt_delay_update (&delay, 200));
  g_assert_cmpuint (delay.announced, ==, 250);
  /* Much faster for long: down, once. */
  guint told = 0;
  for (guint i = 0; i < 200; i++)
    told += gst_vatt_delay_update (&delay, 40);
  g_assert_cmpuint (told, ==, 1);
  g_assert_cmpuint (delay.announced, ==, 50);
}

/* A change of state does not end a flush, whose thread waits for ours. */
static void
test_terminal_flush (void)
{
  GstVattTerminal terminal = { .active = TRUE };
  gst_vatt_terminal_init (&terminal);
  gst_vatt_terminal_change_state (
      &terminal, NULL, GST_STATE_CHANGE_PAUSED_TO_PLAYING);
  g_assert_true (gst_vatt_terminal_wait_playing (&terminal));
  gst_vatt_terminal_set_flushing (&terminal, TRUE);
  gst_vatt_terminal_change_state (
      &terminal, NULL, GST_STATE_CHANGE_PLAYING_TO_PAUSED);
  g_assert_false (gst_vatt_terminal_wait_playing (&terminal));
  gst_vatt_terminal_change_state (
      &terminal, NULL, GST_STATE_CHANGE_PAUSED_TO_PLAYING);
  g_assert_false (gst_vatt_terminal_wait_playing (&terminal));
  gst_vatt_terminal_set_flushing (&terminal, FALSE);
  g_assert_true (gst_vatt_terminal_wait_playing (&terminal));
  gst_vatt_terminal_clear (&terminal);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                    \
  g_test_add ("/engine/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("batches", test_batches);
  ADD ("batch-limit", test_batch_limit);
  ADD ("bad-neighbour", test_bad_neighbour);
  ADD ("bad-batch-given-up", test_bad_batch_given_up);
  ADD ("cancel", test_cancel);
  ADD ("cancel-running", test_cancel_running);
  ADD ("thinned", test_thinned);
  ADD ("models", test_models);
  g_test_add_func ("/engine/thin-policy", test_thin_policy);
  g_test_add_func ("/engine/delay", test_delay);
  g_test_add_func ("/engine/terminal-flush", test_terminal_flush);
  return g_test_run ();
}
