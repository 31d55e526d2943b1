/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A model file that is replaced, rewritten, broken and removed while an
 * encoder follows it. */
#include "media.h"
#include "player.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if defined __SANITIZE_THREAD__
#define SHADOWED TRUE /* what is resident is mostly the sanitizer's */
#else
#define SHADOWED FALSE
#endif

static char *followed; /* the file */

/* Appears whole, under another inode. */
static void
replace (const char *path, guint model)
{
  g_autofree char *bytes = NULL;
  gsize size;
  models_read (model, &bytes, &size);
  g_assert_true (g_file_set_contents (path, bytes, (gssize)size, NULL));
}

/* The same inode; @size bytes at most. */
static void
rewrite (const char *path, guint model, gsize most)
{
  g_autofree char *bytes = NULL;
  gsize size;
  models_read (model, &bytes, &size);
  FILE *file = g_fopen (path, "w");
  g_assert_nonnull (file);
  size = MIN (size, most);
  g_assert_cmpuint (fwrite (bytes, 1, size, file), ==, size);
  g_assert_cmpint (fclose (file), ==, 0);
}

static Player *
follow (const char *path)
{
  g_autofree char *properties = g_strdup_printf ("model=%s follow=true", path);
  Player *player = player_new (properties);
  player_play (player);
  player_wait_windows (player, 1);
  return player;
}

static void
assert_reloaded (Player *player, guint model)
{
  g_assert_cmpstr (player_wait_event (player, "reloaded", "model-id"), ==,
      models_id (model));
}

static void
test_replaced (void)
{
  replace (followed, 0);
  g_autoptr (Player) player = follow (followed);
  for (guint i = 1; i < 6; i++) {
    replace (followed, i % N_MODELS);
    assert_reloaded (player, i % N_MODELS);
  }
  player_wait_windows (player, 2);
  player_check_windows (player);
  g_assert_cmpuint (player->warnings, ==, 1);
}

static void
test_rewritten (void)
{
  replace (followed, 0);
  g_autoptr (Player) player = follow (followed);
  for (guint i = 1; i < 6; i++) {
    rewrite (followed, i % N_MODELS, G_MAXSIZE);
    assert_reloaded (player, i % N_MODELS);
  }
  player_wait_windows (player, 2);
  player_check_windows (player);
}

/* How long a change takes to be seen, in the best of five: what else runs on
 * the machine may delay any of them. */
static void
test_latency (void)
{
  replace (followed, 0);
  g_autoptr (Player) player = follow (followed);
  gint64 best = G_MAXINT64;
  for (guint i = 1; i < 6; i++) {
    gint64 start = g_get_monotonic_time ();
    replace (followed, i % N_MODELS);
    assert_reloaded (player, i % N_MODELS);
    gint64 took = g_get_monotonic_time () - start;
    g_test_message ("%" G_GINT64_FORMAT " ms", took / 1000);
    best = MIN (best, took);
  }
  g_assert_cmpint (best, <, 500 * G_TIME_SPAN_MILLISECOND);
}

/* Half a file is refused once, however long it stays; the rest of it makes it
 * good. */
static void
test_half (void)
{
  replace (followed, 0);
  g_autoptr (Player) player = follow (followed);
  guint warnings = player->warnings;
  rewrite (followed, 1, 200000);
  g_assert_cmpstr (
      player_wait_event (player, "rejected", "model-id"), ==, models_id (0));
  player_pump (player, 1000);
  g_assert_cmpuint (player->events->len, ==, 0);
  g_assert_cmpuint (player->warnings, ==, warnings + 1);
  rewrite (followed, 1, G_MAXSIZE);
  assert_reloaded (player, 1);
  /* Another broken version is told again. */
  rewrite (followed, 2, 1000);
  player_wait_event (player, "rejected", "reason");
  g_assert_cmpuint (player->warnings, ==, warnings + 2);
  player_check_windows (player);
}

/* Gone is no reason to do anything; back again is. */
static void
test_removed (void)
{
  replace (followed, 0);
  g_autoptr (Player) player = follow (followed);
  g_assert_cmpint (g_unlink (followed), ==, 0);
  player_pump (player, 600);
  g_assert_cmpuint (player->warnings, ==, 1);
  replace (followed, 1);
  assert_reloaded (player, 1);
  player_check_windows (player);
}

/* Written slowly in place, without a beginning at 0 bytes, while it is
 * followed: no half of two models is ever taken. */
static void
test_written_while_read (void)
{
  replace (followed, 0);
  g_autoptr (Player) player = follow (followed);
  int fd = g_open (followed, O_RDWR);
  g_assert_cmpint (fd, >=, 0);
  for (guint turn = 1; turn <= 12; turn++) {
    g_autofree char *bytes = NULL;
    gsize size;
    models_read (turn % N_MODELS, &bytes, &size);
    if (turn % 3 == 0)
      g_assert_cmpint (ftruncate (fd, (off_t)size / 2), ==, 0);
    for (gsize at = 0; at < size; at += 65536) {
      gsize n = MIN (size - at, 65536);
      g_assert_cmpint (pwrite (fd, bytes + at, n, (off_t)at), ==, (gssize)n);
      player_pump (player, turn % 4 * 10);
    }
    player_pump (player, turn % 2 * 300);
  }
  close (fd);
  rewrite (followed, 3, G_MAXSIZE);
  while (g_strcmp0 (player_wait_event (player, "reloaded", "model-id"),
             models_id (3)) != 0)
    ;
  player_wait_windows (player, 2);
  player_check_windows (player);
}

static void
test_folder (void)
{
  g_autofree char *folder = g_build_filename (media_folder (), "models", NULL);
  g_autofree char *a = g_build_filename (folder, "a.safetensors", NULL);
  g_autofree char *b = g_build_filename (folder, "b.safetensors", NULL);
  g_autofree char *part = g_build_filename (folder, "c.safetensors.x", NULL);
  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  replace (b, 0);
  g_autoptr (Player) player = follow (folder);
  g_assert_cmpstr (player_wait_event (player, "loaded", "model"), ==, b);
  g_usleep (20000);
  rewrite (part, 1, G_MAXSIZE);
  replace (a, 2);
  g_assert_cmpstr (player_wait_event (player, "reloaded", "model"), ==, a);
  g_autofree char *id = player_model_id (player), *wanted = NULL;
  g_assert_cmpstr (id, ==, models_id (2));
  g_object_get (player->encoder, "model", &wanted, NULL);
  g_assert_cmpstr (wanted, ==, folder);
  g_usleep (20000);
  replace (b, 1);
  assert_reloaded (player, 1);
  g_assert_cmpint (g_unlink (b), ==, 0);
  assert_reloaded (player, 2);
  g_unlink (a);
  g_unlink (part);
  player_pump (player, 500);
  player_check_windows (player);
  g_rmdir (folder);
}

/* Switched on and off while it plays. */
static void
test_switched (void)
{
  replace (followed, 0);
  g_autofree char *properties = g_strdup_printf ("model=%s", followed);
  g_autoptr (Player) player = player_new (properties);
  player_play (player);
  player_wait_windows (player, 1);
  replace (followed, 1);
  player_pump (player, 500);
  g_autofree char *id = player_model_id (player);
  g_assert_cmpstr (id, ==, models_id (0));
  g_object_set (player->encoder, "follow", TRUE, NULL);
  assert_reloaded (player, 1);
  g_object_set (player->encoder, "follow", FALSE, NULL);
  player_pump (player, 100);
  replace (followed, 2);
  player_pump (player, 500);
  g_autofree char *last = player_model_id (player);
  g_assert_cmpstr (last, ==, models_id (1));
}

/* ---- memory ---- */

static gsize
resident_bytes (void)
{
  gsize size, resident;
  FILE *file = g_fopen ("/proc/self/statm", "r");
  g_assert_nonnull (file);
  g_assert_cmpint (
      fscanf (file, "%" G_GSIZE_FORMAT " %" G_GSIZE_FORMAT, &size, &resident),
      ==, 2);
  fclose (file);
  return resident * (gsize)sysconf (_SC_PAGESIZE);
}

/* Large by its table of words. Returns its file, beside the one followed. */
static char *
save_large (guint64 seed)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) parts = g_strsplit (SMALL_TEXT, "embedding=4", 2);
  g_auto (GStrv) halves = g_strsplit (parts[0], "vocabulary=9", 2);
  g_autofree char *text =
      g_strconcat ("[model]\nname=large\n", SMALL_VIDEO, halves[0],
          "vocabulary=200000", halves[1], "embedding=64", parts[1], NULL);
  g_autoptr (VattModel) model = models_new (text, seed);
  char *path = g_strdup_printf ("%s%" G_GUINT64_FORMAT, followed, seed);
  g_assert_true (vatt_model_save (model, path, &error));
  return path;
}

/* Two encoders, one of them of a live stream, one file: the weights are there
 * once, before and after. */
static void
test_shared (void)
{
  const gsize weights = 200000 * 64 * 4;
  if (SHADOWED) {
    g_test_skip ("the thread sanitizer takes memory for every byte");
    return;
  }
  g_autofree char *a = save_large (1), *b = save_large (2);
  g_assert_cmpint (g_rename (a, followed), ==, 0);
  gsize before = resident_bytes ();
  g_autofree char *line = g_strdup_printf (
      "model=%s follow=true videotestsrc is-live=true ! "
      "video/x-raw,width=32,height=32,framerate=100/1 ! "
      "vattvideotok ! vattencoder name=f device=cpu threads=1 model=%s "
      "follow=true",
      followed, followed);
  g_autoptr (Player) player = player_new (line);
  player_play (player);
  player_wait_event (player, "loaded", "model-id");
  player_wait_event (player, "loaded", "model-id");
  player_wait_windows (player, 10);
  gsize first = resident_bytes () - before;
  g_assert_cmpint (g_rename (b, followed), ==, 0);
  player_wait_event (player, "reloaded", "model-id");
  player_wait_event (player, "reloaded", "model-id");
  player_wait_windows (player, 10);
  gsize second = resident_bytes () - before;
  g_test_message (
      "weights %zu, resident %zu, then %zu", weights, first, second);
  g_assert_cmpuint (first, <, weights * 3 / 2);
  g_assert_cmpuint (second, <, weights * 3 / 2);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  models_make ();
  followed = g_build_filename (media_folder (), "followed.safetensors", NULL);
  g_test_add_func ("/follow/replaced", test_replaced);
  g_test_add_func ("/follow/rewritten", test_rewritten);
  g_test_add_func ("/follow/latency", test_latency);
  g_test_add_func ("/follow/half", test_half);
  g_test_add_func ("/follow/removed", test_removed);
  g_test_add_func ("/follow/written-while-read", test_written_while_read);
  g_test_add_func ("/follow/folder", test_folder);
  g_test_add_func ("/follow/switched", test_switched);
  g_test_add_func ("/follow/shared", test_shared);
  int failures = g_test_run ();
  g_free (followed);
  models_clear ();
  media_clear ();
  gst_deinit ();
  return failures;
}
