/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A training that is killed at random moments, whatever it does just then, and
 * begun again each time, ends with the bits of one that nobody touched. */
#include "feed.h"
#include "line.h"
#include "tempdir.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEPS 40
#define DIGEST 64 /* letters */
#define KILLS 50

/* How a training goes: everything varies with its number. */
typedef struct {
  VattTrainerParams params;
  guint interval; /* steps between checkpoints */
  guint keep;
} Variety;

static Variety
variety_of (guint number)
{
  Variety variety = { .params = feed_params (),
    .interval = 1 + number % 3,
    .keep = 1 + number / 2 % 2 };
  variety.params.optimiser =
      number % 2 ? VATT_OPTIMISER_SGD : VATT_OPTIMISER_ADAM;
  variety.params.micro_batch = number % 4 == 2 ? 2 : 0;
  return variety;
}

/* Trains to the end, from where the folder says on. */
static char *
train (const char *folder, const Variety *variety)
{
  g_autoptr (GError) error = NULL;
  g_auto (Feed) feed = { NULL };
  feed_open (&feed, &variety->params);
  g_autoptr (VattCheckpoints) checkpoints =
      vatt_checkpoints_open (folder, variety->keep, &error);
  g_assert_no_error (error);
  feed_restore (&feed, checkpoints, &error);
  g_assert_no_error (error);
  guint64 step;
  while ((step = vatt_trainer_get_step (feed.trainer)) < STEPS) {
    feed_step (&feed);
    if ((step + 1) % variety->interval == 0)
      feed_save (&feed, checkpoints, &error);
    g_assert_no_error (error);
  }
  return feed_digest (&feed);
}

/* The same in a process that is killed after so many microseconds; NULL: it
 * was. */
static char *
train_killed (const char *folder, const Variety *variety, gulong after)
{
  int ends[2], status;
  g_autofree char *digest = g_new0 (char, DIGEST + 1);
  g_assert_cmpint (pipe (ends), ==, 0);
  pid_t child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0) {
    g_autofree char *text = train (folder, variety);
    _exit (write (ends[1], text, DIGEST) == DIGEST ? 0 : 1);
  }
  close (ends[1]);
  g_usleep (after);
  kill (child, SIGKILL);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  gssize n = read (ends[0], digest, DIGEST);
  close (ends[0]);
  g_assert_true (WIFSIGNALED (status) ? WTERMSIG (status) == SIGKILL
                                      : WEXITSTATUS (status) == 0);
  /* It may have been killed when all was done. */
  return n == DIGEST ? g_steal_pointer (&digest) : NULL;
}

/* Nothing unfinished; one too many where the last kill came between the writing
 * of a file and the removing of another. */
static void
check_left (const char *folder, guint keep)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while ((name = g_dir_read_name (dir)))
    g_assert_true (
        g_str_equal (name, "lock") || g_str_has_suffix (name, ".safetensors"));
  g_assert_cmpuint (tempdir_count (folder), <=, 1 + keep + 1);
}

/* A round: killed as often as need be, then as it would have been. Returns: how
 * often it was killed */
static guint
play (guint number, GRand *random)
{
  g_autofree char *left = g_dir_make_tmp ("vatt-killed-XXXXXX", NULL);
  g_autofree char *alone = g_dir_make_tmp ("vatt-killed-XXXXXX", NULL);
  Variety variety = variety_of (number);
  gint64 begin = g_get_monotonic_time ();
  g_autofree char *expected = train (alone, &variety);
  double span = 0.4 * (double)(g_get_monotonic_time () - begin);
  char *found = NULL;
  guint kills = 0;
  while (!(found = train_killed (left, &variety,
               (gulong)g_rand_double_range (random, 0.0, span)))) {
    kills++;
    span *= 1.02; /* on a machine that has become slower */
  }
  g_assert_cmpstr (found, ==, expected);
  g_free (found);
  check_left (left, variety.keep);
  tempdir_remove (left);
  tempdir_remove (alone);
  return kills;
}

static void
test_killed (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (line_seed ());
  guint kills = 0, rounds = 0;
  while (kills < line_times (KILLS) || rounds < 2)
    kills += play (rounds++, random);
  g_test_message ("%u trainings killed %u times", rounds, kills);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/killed", test_killed);
  return g_test_run ();
}
