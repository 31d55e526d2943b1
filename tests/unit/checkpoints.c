/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Trainings that are saved and go on, with the same bits. */
#include "checkpointfolder.h"

/* ---- the same bits ---- */

typedef struct {
  const char *name;
  VattOptimiser optimiser;
  double dropout;
  guint micro_batch;
  FeedKind kind;
  double head_dropout, mixup, clip;
  gboolean freeze_towers, stages;
} Variety;

static VattTrainerParams
params_of (const Variety *variety)
{
  VattTrainerParams params = feed_params ();
  params.optimiser = variety->optimiser;
  params.dropout = variety->dropout;
  params.micro_batch = variety->micro_batch;
  params.head_dropout = variety->head_dropout;
  params.mixup = variety->mixup;
  params.clip = variety->clip;
  params.freeze_towers = variety->freeze_towers;
  if (variety->stages)
    params.schedule = (VattSchedule){ .kind = VATT_SCHEDULE_STEPWISE,
      .rate = 1e-2,
      .n_boundaries = 2,
      .boundary = { 5, 9 },
      .factor = { 0.5, 0.1 } };
  return params;
}

static char *
train (const VattTrainerParams *params, FeedKind kind, guint steps,
    guint interruption)
{
  g_autoptr (GError) error = NULL;
  g_auto (Feed) feed = { .kind = kind };
  feed_open (&feed, params);
  for (guint step = 0; step < steps; step++) {
    if (step && step == interruption) {
      VattCheckpoints *checkpoints = open_folder (1);
      feed_save (&feed, checkpoints, &error);
      g_assert_no_error (error);
      vatt_checkpoints_free (checkpoints);
      feed_close (&feed);
      feed_open (&feed, params);
      checkpoints = open_folder (1);
      g_assert_true (feed_restore (&feed, checkpoints, &error));
      g_assert_no_error (error);
      vatt_checkpoints_free (checkpoints);
    }
    feed_step (&feed);
  }
  return feed_digest (&feed);
}

static void
test_same_bits (gconstpointer data)
{
  const Variety *variety = data;
  VattTrainerParams params = params_of (variety);
  folder = g_dir_make_tmp ("vatt-checkpoints-XXXXXX", NULL);
  g_assert_nonnull (folder);
  g_autofree char *whole = train (&params, variety->kind, 12, 0);
  for (guint at = 1; at < 12; at += 5) {
    g_autofree char *halves = train (&params, variety->kind, 12, at);
    g_assert_cmpstr (halves, ==, whole);
    tempdir_remove (folder);
  }
  /* What the seed changes, a digest tells. */
  params.seed++;
  g_autofree char *other = train (&params, variety->kind, 12, 0);
  g_assert_cmpint (strcmp (other, whole) != 0, ==,
      params.dropout + params.head_dropout + params.mixup > 0.0);
  g_clear_pointer (&folder, g_free);
}

/* ---- bad losses ---- */

/* Two before a checkpoint and the one behind it are three in a row. */
static void
test_bad (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Feed) feed = { NULL };
  VattTrainerParams params = feed_params ();
  params.loss_limit = 1e-6;
  params.patience = 3;
  feed_open (&feed, &params);
  feed_step (&feed);
  feed_step (&feed);
  VattCheckpoints *checkpoints = open_folder (1);
  feed_save (&feed, checkpoints, &error);
  g_assert_no_error (error);
  g_autofree char *before = feed_digest (&feed);
  feed_close (&feed);
  feed_open (&feed, &params);
  g_assert_true (feed_restore (&feed, checkpoints, &error));
  vatt_checkpoints_free (checkpoints);
  g_autofree char *after = feed_digest (&feed);
  g_assert_cmpstr (after, ==, before);
  g_assert_false (feed_try_step (&feed, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
  g_assert_nonnull (strstr (error->message, "all of the last 3 steps"));
}

int
main (int argc, char **argv)
{
  static const Variety varieties[] = {
    { "adam", VATT_OPTIMISER_ADAM, 0.1, 0 },
    { "adam-parts", VATT_OPTIMISER_ADAM, 0.1, 2 },
    { "momentum", VATT_OPTIMISER_SGD, 0.1, 0 },
    { "momentum-parts", VATT_OPTIMISER_SGD, 0.0, 1 },
    { "late-sound", VATT_OPTIMISER_ADAM, 0.1, 0, .kind = FEED_LATE_SOUND },
    { "frozen", VATT_OPTIMISER_ADAM, 0.0, 0, .freeze_towers = TRUE },
    { "labels", VATT_OPTIMISER_SGD, 0.1, 3, .kind = FEED_LABELS, .clip = 0.5,
        .head_dropout = 0.5, .stages = TRUE },
    { "mixup", VATT_OPTIMISER_SGD, 0.0, 0, .kind = FEED_LABELS, .mixup = 5.0 },
  };
  static const FolderTest bad = { "/checkpoints/bad", test_bad };
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (varieties); i++) {
    g_autofree char *path =
        g_strconcat ("/checkpoints/same-bits/", varieties[i].name, NULL);
    g_test_add_data_func (path, &varieties[i], test_same_bits);
  }
  add_in_folder (&bad, 1);
  return g_test_run ();
}
