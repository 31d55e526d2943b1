/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Checkpoints on a disk that fails, and in a folder that others write to: this
 * file puts itself in the place of the C library's pread() and fsync(). */
#include "checkpointfolder.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static off_t bad_sector = -1; /* the next one that cannot be read */
static const char *replaced, *replacement; /* once the first byte is read */

ssize_t
pread64 (int fd, void *data, size_t size, off64_t offset)
{
  if (replaced)
    g_assert_cmpint (g_rename (replacement, replaced), ==, 0);
  replaced = NULL;
  if (bad_sector < offset || bad_sector - offset >= (off_t)size)
    return syscall (SYS_pread64, fd, data, size, offset);
  bad_sector = -1;
  errno = EIO;
  return -1;
}

static ino_t synced[8]; /* folders that were brought to the disk */
static guint n_synced;
static int sync_error;

int
fsync (int fd)
{
  struct stat status;
  if (fstat (fd, &status) == 0 && S_ISDIR (status.st_mode) &&
      n_synced < G_N_ELEMENTS (synced))
    synced[n_synced++] = status.st_ino;
  errno = sync_error;
  return sync_error ? -1 : (int)syscall (SYS_fsync, fd);
}

/* Checkpoints of two steps, and what the training was at each. */
static char *
make_two (char *digest[2])
{
  VattTrainerParams params = feed_params ();
  g_auto (Feed) feed = { NULL };
  feed_open (&feed, &params);
  g_autoptr (VattCheckpoints) checkpoints = open_folder (2);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GError) error = NULL;
    feed_step (&feed);
    feed_save (&feed, checkpoints, &error);
    g_assert_no_error (error);
    digest[i] = feed_digest (&feed);
  }
  return g_strdup (vatt_checkpoints_get_newest (checkpoints));
}

static void
check_restored (VattCheckpoints *checkpoints, const char *expected)
{
  g_autoptr (GError) error = NULL;
  VattTrainerParams params = feed_params ();
  g_auto (Feed) feed = { NULL };
  feed_open (&feed, &params);
  g_assert_true (feed_restore (&feed, checkpoints, &error));
  g_assert_no_error (error);
  g_autofree char *found = feed_digest (&feed);
  g_assert_cmpstr (found, ==, expected);
}

/* A sector that cannot be read is a damage like others. */
static void
test_sector (void)
{
  char *digest[2];
  g_autofree char *newest = make_two (digest);
  g_autoptr (VattCheckpoints) checkpoints = open_folder (2);
  bad_sector = 4096;
  g_test_expect_message ("vatt", G_LOG_LEVEL_WARNING, "*older checkpoint*");
  check_restored (checkpoints, digest[0]);
  g_test_assert_expected_messages ();
  const char *why = vatt_checkpoints_get_damaged (checkpoints)[0];
  g_assert_nonnull (strstr (why, newest));
  g_assert_nonnull (strstr (why, "cannot be read: "));
  for (guint i = 0; i < 2; i++)
    g_free (digest[i]);
}

/* What was found whole is what is taken. */
static void
test_replaced (void)
{
  char *digest[2];
  g_autofree char *newest = make_two (digest);
  g_autofree char *other = g_build_filename (folder, "other", NULL);
  g_autoptr (VattCheckpoints) checkpoints = open_folder (2);
  tempdir_write (other, "x", 1);
  replacement = other;
  replaced = newest;
  check_restored (checkpoints, digest[1]);
  g_assert_null (replaced);
  g_assert_null (vatt_checkpoints_get_damaged (checkpoints)[0]);
  for (guint i = 0; i < 2; i++)
    g_free (digest[i]);
}

static ino_t
number_of (const char *path)
{
  struct stat status;
  g_assert_cmpint (stat (path, &status), ==, 0);
  return status.st_ino;
}

/* A folder that is made is brought to the disk in each that it is in. */
static void
test_made (void)
{
  g_autofree char *a = g_build_filename (folder, "a", NULL);
  g_autofree char *b = g_build_filename (a, "b", NULL);
  g_autofree char *slash = g_strconcat (b, "/", NULL);
  g_autofree char *lock = g_build_filename (b, "lock", NULL);
  g_autoptr (GError) error = NULL;
  n_synced = 0;
  vatt_checkpoints_free (vatt_checkpoints_open (slash, 1, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n_synced, ==, 2);
  g_assert_true (synced[0] == number_of (folder));
  g_assert_true (synced[1] == number_of (a));
  /* Nothing is to be done where it is there. */
  vatt_checkpoints_free (vatt_checkpoints_open (b, 1, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n_synced, ==, 2);
  g_assert_cmpint (g_remove (lock) | g_rmdir (b), ==, 0);
  sync_error = EIO;
  g_assert_null (vatt_checkpoints_open (b, 1, &error));
  sync_error = 0;
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_IO);
  g_assert_cmpint (g_rmdir (b) | g_rmdir (a), ==, 0);
}

int
main (int argc, char **argv)
{
  static const FolderTest tests[] = {
    { "/checkpointdisks/sector", test_sector },
    { "/checkpointdisks/replaced", test_replaced },
    { "/checkpointdisks/made", test_made },
  };
  g_test_init (&argc, &argv, NULL);
  add_in_folder (tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
