/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The log of a training that was killed at any byte, that meets a full disk, or
 * a folder that it may not write to. */
#include "appendfile.h"
#include "logfolder.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Bytes that can be written, -1: as many as there are, and whether the process
 * dies of what has no room. */
static gssize room = -1;
static gboolean deadly;

/* The system's call, which the library finds here first. */
gssize
write (int fd, const void *data, gsize size)
{
  gssize n = room < 0 ? (gssize)size : MIN ((gssize)size, room);
  if (size > 0 && n == 0 && !deadly) {
    errno = ENOSPC;
    return -1;
  }
  gssize written = syscall (SYS_write, fd, data, (gsize)n);
  if (room >= 0)
    room -= n;
  if ((gsize)n < size && deadly)
    kill (getpid (), SIGKILL);
  return written;
}

/* Hundreds of logs need not wait for the disk. */
int
fsync (int fd)
{
  return 0;
}

/* Logs until it fails or all is written. Returns: whether it was */
static gboolean
log_all (GError **error)
{
  g_autoptr (VattEventLog) log = open_log (1, error);
  if (!log)
    return FALSE;
  for (guint64 step = 1; step <= 4; step++) {
    const VattScalar scalars[] = { { "a", (float)step }, { "b", 0.5f } };
    if (vatt_event_log_scalars (log, step, scalars, 2, error))
      continue;
    /* It has ended, and says so. */
    g_autoptr (GError) again = NULL;
    room = -1;
    g_assert_false (vatt_event_log_scalar (log, step, "a", 1, &again));
    g_assert_error (again, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
    if (error)
      g_assert_cmpstr (again->message, ==, (*error)->message);
    g_assert_false (vatt_event_log_flush (log, NULL));
    g_assert_false (vatt_event_log_text (log, step, "t", "", NULL));
    return FALSE;
  }
  return TRUE;
}

/* Whether the files hold steps 1 to n, n as returned, whole; the table may be
 * a step behind. */
static guint
check_whole (gboolean may_tear)
{
  gsize torn;
  g_autofree char *events = read_events (&torn);
  g_autoptr (GString) expected = g_string_new (NULL);
  guint n = 0;
  for (; strlen (events) > expected->len; n++)
    g_string_append_printf (
        expected, "%u a=%u\n%u b=0.5\n", n + 1, n + 1, n + 1);
  g_assert_cmpstr (events, ==, expected->str);
  g_assert_true (may_tear || torn == 0);
  if (!g_file_test (table, G_FILE_TEST_EXISTS))
    return n;

  g_autofree char *rows = read_table ();
  char *last = strrchr (rows, '\n');
  g_assert_true (last != NULL && (may_tear || last[1] == '\0'));
  last[1] = '\0';
  if (strcmp (rows, "step,time\r\n") == 0)
    return n;
  g_string_assign (expected, "step,time,a,b\r\n");
  for (guint i = 1; strlen (rows) > expected->len; i++) {
    g_string_append_printf (expected, "%u,T,%u,0.5\r\n", i, i);
    g_assert_cmpuint (i, <=, n);
  }
  g_assert_cmpstr (rows, ==, expected->str);
  return n;
}

static void
test_full (void)
{
  gboolean whole = FALSE;
  guint errors = 0;
  for (gssize bytes = 0; !whole; bytes++) {
    g_autoptr (GError) error = NULL;
    begin ();
    room = bytes;
    whole = log_all (&error);
    room = -1;
    guint n = check_whole (FALSE);
    if (whole) {
      g_assert_no_error (error);
      g_assert_cmpuint (n, ==, 4);
    } else {
      g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
      g_assert_nonnull (strstr (error->message, folder));
      errors++;
    }
    finish ();
  }
  g_assert_cmpuint (errors, >, 300);
}

static void
test_killed (void)
{
  gboolean alive = FALSE;
  guint seen = 0;
  for (gssize bytes = 0; !alive; bytes += 3) {
    int status;
    begin ();
    pid_t child = fork ();
    g_assert_cmpint (child, >=, 0);
    if (child == 0) {
      room = bytes;
      deadly = TRUE;
      _exit (log_all (NULL) ? 0 : 1);
    }
    g_assert_cmpint (waitpid (child, &status, 0), ==, child);
    alive = WIFEXITED (status) && WEXITSTATUS (status) == 0;
    g_assert_true (alive || WIFSIGNALED (status));
    guint n = check_whole (TRUE);
    g_assert_cmpuint (n, >=, seen);
    seen = n;

    /* A log that continues is whole again. */
    g_autoptr (VattEventLog) log = open_sound (n + 1);
    const VattScalar scalars[] = { { "a", (float)(n + 1) }, { "b", 0.5f } };
    g_assert_true (vatt_event_log_scalars (log, n + 1, scalars, 2, NULL));
    g_autofree char *rows = read_table ();
    g_autofree char *row =
        g_strdup_printf ("\r\n%u,T,%u,0.5\r\n", n + 1, n + 1);
    g_assert_true (g_str_has_suffix (rows, row));
    finish ();
  }
  g_assert_cmpuint (seen, ==, 4);
}

/* The kernel's own refusals. */
static void
test_limits (void)
{
  g_autoptr (GError) error = NULL;
  if (g_file_test ("/dev/full", G_FILE_TEST_EXISTS)) {
    g_autoptr (VattAppendFile) full =
        vatt_append_file_open ("log", "/dev/full", VATT_APPEND_OLD, &error);
    g_assert_no_error (error);
    g_assert_false (vatt_append_file_write (full, "x", 1, &error));
    g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
    g_clear_error (&error);
  }

  begin ();
  struct rlimit old, limit;
  void (*handler) (int) = signal (SIGXFSZ, SIG_IGN);
  g_autoptr (VattEventLog) log = open_sound (0);
  getrlimit (RLIMIT_FSIZE, &old);
  limit = old;
  limit.rlim_cur = 1000;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  guint64 step = 0;
  while (vatt_event_log_scalar (log, step, "a", 1, &error))
    step++;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
  signal (SIGXFSZ, handler);
  g_assert_cmpint ((int)error->domain, ==, (int)G_FILE_ERROR);
  gsize torn;
  g_autoptr (GArray) all = reader_folder (folder, &torn);
  g_assert_cmpuint (torn, ==, 0);
  g_assert_cmpuint (all->len, ==, step);
  g_assert_cmpuint (step, >, 10);
  finish ();
}

static void
check_unwritable (const char *unwritable)
{
  for (guint kind = 0; kind < 2; kind++) {
    g_autoptr (GError) error = NULL;
    VattEventLogParams params = { .tensorboard = kind == 0, .csv = kind == 1 };
    g_assert_null (vatt_event_log_new (unwritable, &params, &error));
    g_assert_cmpint ((int)error->domain, ==, (int)G_FILE_ERROR);
    g_assert_nonnull (strstr (error->message, unwritable));
  }
}

static void
test_unwritable (void)
{
  begin ();
  g_autofree char *below = g_build_filename (table, "x", NULL);
  tempdir_write (table, "", 0);
  check_unwritable (below);
  check_unwritable (table);
  g_remove (table);

  gboolean root = geteuid () == 0;
  g_assert_cmpint (g_chmod (folder, 0555), ==, 0);
  g_assert_true (!root || seteuid (65534) == 0);
  check_unwritable (folder);
  g_assert_true (!root || seteuid (0) == 0);
  g_assert_cmpint (g_chmod (folder, 0755), ==, 0);

  g_assert_cmpint (g_mkdir (table, 0755), ==, 0);
  g_autoptr (GError) error = NULL;
  g_assert_null (open_log (0, &error));
  g_assert_cmpint ((int)error->domain, ==, (int)G_FILE_ERROR);
  g_assert_cmpuint (tempdir_count (folder), ==, 1);
  g_rmdir (table);
  finish ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eventfailures/full", test_full);
  g_test_add_func ("/eventfailures/killed", test_killed);
  g_test_add_func ("/eventfailures/limits", test_limits);
  g_test_add_func ("/eventfailures/unwritable", test_unwritable);
  return g_test_run ();
}
