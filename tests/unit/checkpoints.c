/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Trainings that are saved and go on, with the same bits. */
#include "feed.h"
#include "tempdir.h"

static char *folder;

static VattCheckpoints *
open_folder (guint keep)
{
  g_autoptr (GError) error = NULL;
  VattCheckpoints *checkpoints = vatt_checkpoints_open (folder, keep, &error);
  g_assert_no_error (error);
  return checkpoints;
}

/* ---- the same bits ---- */

typedef struct {
  const char *name;
  VattOptimiser optimiser;
  double dropout;
  guint micro_batch;
} Variety;

static char *
train (const VattTrainerParams *params, guint steps, guint interruption)
{
  g_autoptr (GError) error = NULL;
  g_auto (Feed) feed = { NULL };
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
  VattTrainerParams params = feed_params ();
  params.optimiser = variety->optimiser;
  params.dropout = variety->dropout;
  params.micro_batch = variety->micro_batch;
  g_autofree char *whole = train (&params, 12, 0);
  for (guint at = 1; at < 12; at += 5) {
    g_autofree char *halves = train (&params, 12, at);
    g_assert_cmpstr (halves, ==, whole);
    tempdir_remove (folder);
  }
  /* What the seed changes, a digest tells. */
  params.seed++;
  g_autofree char *other = train (&params, 12, 0);
  g_assert_cmpint (strcmp (other, whole) != 0, ==, params.dropout > 0.0);
}

int
main (int argc, char **argv)
{
  static const Variety varieties[] = {
    { "adam", VATT_OPTIMISER_ADAM, 0.1, 0 },
    { "adam-parts", VATT_OPTIMISER_ADAM, 0.1, 2 },
    { "momentum", VATT_OPTIMISER_SGD, 0.1, 0 },
    { "momentum-parts", VATT_OPTIMISER_SGD, 0.0, 1 },
  };
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("vatt-checkpoints-XXXXXX", NULL);
  g_assert_nonnull (folder);
  for (guint i = 0; i < G_N_ELEMENTS (varieties); i++) {
    g_autofree char *path =
        g_strconcat ("/checkpoints/same-bits/", varieties[i].name, NULL);
    g_test_add_data_func (path, &varieties[i], test_same_bits);
  }
  int status = g_test_run ();
  tempdir_remove (folder);
  g_free (folder);
  return status;
}
