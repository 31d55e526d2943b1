/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is on the disk after a writer was killed at each of its system calls,
 * on file systems that have files without names and on others. */
#include "atomicfile.h"

#include "tempdir.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE 300000 /* several times what a stream buffers */

static char *folder;
static char *path;
static gboolean refuse_unnamed;
static int calls_left = -1; /* before the process kills itself; -1: never */

/* ---- the system's calls, which the library finds here first ---- */

static void
count_call (void)
{
  if (calls_left == 0)
    kill (getpid (), SIGKILL);
  if (calls_left > 0)
    calls_left--;
}

int
openat (int at, const char *name, int flags, ...)
{
  va_list arguments;
  va_start (arguments, flags);
  mode_t mode = va_arg (arguments, mode_t);
  va_end (arguments);
  count_call ();
  if (refuse_unnamed && (flags & O_TMPFILE) == O_TMPFILE) {
    errno = EOPNOTSUPP;
    return -1;
  }
  return (int)syscall (SYS_openat, at, name, flags, mode);
}

int
linkat (int from, const char *name, int to, const char *new_name, int flags)
{
  count_call ();
  return (int)syscall (SYS_linkat, from, name, to, new_name, flags);
}

int
renameat (int from, const char *name, int to, const char *new_name)
{
  count_call ();
  return (int)syscall (SYS_renameat2, from, name, to, new_name, 0);
}

int
fsync (int fd)
{
  count_call ();
  return (int)syscall (SYS_fsync, fd);
}

/* ---- */

static gboolean
write_file (char fill, gsize size, GError **error)
{
  g_autofree char *data = g_malloc (size);
  memset (data, fill, size);
  g_autoptr (VattAtomicFile) file = vatt_atomic_file_new ("test", path, error);
  for (gsize done = 0; file && done < size; done += size / 3)
    if (!vatt_atomic_file_write (file, data + done, size / 3, error))
      return FALSE;
  return file && vatt_atomic_file_commit (file, error);
}

/* The one letter that fills the file, 0 where there is none. */
static char
content (const char *file_path)
{
  g_autofree char *data = NULL;
  gsize size;
  if (!g_file_get_contents (file_path, &data, &size, NULL))
    return 0;
  g_assert_cmpuint (size, ==, SIZE);
  for (gsize i = 1; i < size; i++)
    g_assert_cmpint (data[i], ==, data[0]);
  return data[0];
}

/* The number of files beside path; each must be whole if whole. */
static guint
count_debris (gboolean whole)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;
  for (const char *name; (name = g_dir_read_name (dir)) != NULL;) {
    g_autofree char *found = g_build_filename (folder, name, NULL);
    if (strcmp (found, path) == 0)
      continue;
    g_assert_true (g_str_has_prefix (found, path));
    if (whole)
      g_assert_cmpint (content (found), ==, 'n');
    n++;
    g_remove (found);
  }
  return n;
}

/* Whether a writer that is killed before its call number n dies of it. */
static gboolean
kill_writer (int n)
{
  pid_t child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0) {
    calls_left = n;
    _exit (write_file ('n', SIZE, NULL) ? 0 : 1);
  }
  int status;
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  if (WIFEXITED (status)) {
    g_assert_cmpint (WEXITSTATUS (status), ==, 0);
    return FALSE;
  }
  g_assert_cmpint (WTERMSIG (status), ==, SIGKILL);
  return TRUE;
}

typedef struct {
  gboolean unnamed, old;
  guint debris; /* how many of the kills may leave something */
} Killed;

static void
test_killed (gconstpointer data)
{
  const Killed *test = data;
  gboolean alive = FALSE, seen_new = FALSE;
  guint debris = 0;
  refuse_unnamed = !test->unnamed;
  for (int n = 0; !alive; n++) {
    g_remove (path);
    if (test->old)
      g_assert_true (write_file ('o', SIZE, NULL));
    alive = !kill_writer (n);
    char found = content (path);
    if (found != 'n')
      g_assert_cmpint (found, ==, test->old ? 'o' : 0);
    /* Once it is there, it stays. */
    g_assert_true (found == 'n' || !seen_new);
    seen_new |= found == 'n';
    guint left = count_debris (test->unnamed);
    g_assert_cmpuint (left, <=, 1);
    g_assert_true (!left || found != 'n');
    debris += left;
  }
  g_assert_true (seen_new);
  g_assert_cmpuint (debris, ==, test->debris);
  refuse_unnamed = FALSE;
}

/* Somebody else writes the file after it was begun: the last one wins. */
static void
test_race (void)
{
  g_autoptr (GError) error = NULL;
  g_remove (path);
  g_autofree char *data = g_malloc (SIZE);
  memset (data, 'n', SIZE);
  g_autoptr (VattAtomicFile) file = vatt_atomic_file_new ("test", path, &error);
  g_assert_no_error (error);
  g_assert_true (write_file ('o', SIZE, NULL));
  vatt_atomic_file_write (file, data, SIZE, &error);
  vatt_atomic_file_commit (file, &error);
  g_assert_no_error (error);
  g_assert_cmpint (content (path), ==, 'n');
  g_assert_cmpuint (count_debris (TRUE), ==, 0);
}

/* What is not committed is not there, in whatever state it was left. */
static void
test_abandoned (void)
{
  for (guint i = 0; i < 2; i++) {
    refuse_unnamed = i == 1;
    g_remove (path);
    VattAtomicFile *file = vatt_atomic_file_new ("test", path, NULL);
    g_assert_nonnull (file);
    g_assert_true (vatt_atomic_file_printf (file, NULL, "%d", 1));
    vatt_atomic_file_free (file);
    g_assert_cmpuint (tempdir_count (folder), ==, 0);
  }
  refuse_unnamed = FALSE;
}

/* Two files do not fit on the disk: the old one stays. */
static void
test_full (void)
{
  /* In a name space of its own, the mount ends with this process. */
  if (unshare (CLONE_NEWNS) != 0 ||
      mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount ("none", folder, "tmpfs", MS_NOSUID, "size=400k") != 0) {
    g_test_skip ("a small file system cannot be mounted here");
    return;
  }
  g_assert_true (write_file ('o', SIZE, NULL));
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GError) error = NULL;
    refuse_unnamed = i == 1;
    g_assert_false (write_file ('n', SIZE, &error));
    g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
    g_assert_nonnull (strstr (error->message, path));
    g_assert_cmpint (content (path), ==, 'o');
    g_assert_cmpuint (count_debris (FALSE), ==, 0);
  }
  refuse_unnamed = FALSE;
  g_assert_cmpint (umount (folder), ==, 0);
}

int
main (int argc, char **argv)
{
  /* Without names: only between the two calls that replace. With: from the
   * creation to the renaming. */
  static const Killed new_unnamed = { TRUE, FALSE, 0 };
  static const Killed old_unnamed = { TRUE, TRUE, 1 };
  static const Killed new_named = { FALSE, FALSE, 2 };
  static const Killed old_named = { FALSE, TRUE, 2 };
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("vatt-atomicfile-XXXXXX", NULL);
  g_assert_nonnull (folder);
  path = g_build_filename (folder, "file", NULL);
  int fd = openat (AT_FDCWD, folder, O_WRONLY | O_TMPFILE, 0600);
  if (fd >= 0) {
    close (fd);
    g_test_add_data_func ("/killed/unnamed/new", &new_unnamed, test_killed);
    g_test_add_data_func ("/killed/unnamed/old", &old_unnamed, test_killed);
  }
  g_test_add_data_func ("/killed/named/new", &new_named, test_killed);
  g_test_add_data_func ("/killed/named/old", &old_named, test_killed);
  g_test_add_func ("/race", test_race);
  g_test_add_func ("/abandoned", test_abandoned);
  g_test_add_func ("/full", test_full);
  int status = g_test_run ();
  tempdir_remove (folder);
  g_free (path);
  g_free (folder);
  return status;
}
