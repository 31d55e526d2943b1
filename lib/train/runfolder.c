/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The lock is one of the kernel on an open file, which ends with the process.
 * The file stays; what is written in it is for the error of who comes second.
 */
#include "runfolder.h"

#include "atomicfile.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCK "lock"
#define PREFIX "step-"
#define SUFFIX ".safetensors"
#define DIGITS 10      /* at least so many */
#define DIGITS_ASIDE 6 /* hexadecimal, of an unfinished file (atomicfile.h) */

static gboolean
fail (const char *path, int code, const char *step, GError **error)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code),
      "checkpoints '%s': the folder cannot be %s: %s", path, step,
      g_strerror (code));
  return FALSE;
}

/* ---- names ---- */

/* FALSE where it is no name of a checkpoint; rest is what stands behind it. */
static gboolean
parse_name (const char *name, guint64 *step, const char **rest)
{
  if (!g_str_has_prefix (name, PREFIX))
    return FALSE;
  const char *digits = name + strlen (PREFIX);
  gsize n = strspn (digits, "0123456789");
  g_autofree char *number = g_strndup (digits, n);
  if (n < DIGITS || !g_str_has_prefix (digits + n, SUFFIX) ||
      !g_ascii_string_to_unsigned (number, 10, 0, G_MAXUINT64, step, NULL))
    return FALSE;
  *rest = digits + n + strlen (SUFFIX);
  return TRUE;
}

static gboolean
is_unfinished (const char *name)
{
  guint64 step;
  const char *rest;
  return parse_name (name, &step, &rest) && rest[0] == '.' &&
         strlen (rest) == 1 + DIGITS_ASIDE &&
         strspn (rest + 1, "0123456789abcdef") == DIGITS_ASIDE;
}

char *
vatt_run_folder_path (const VattRunFolder *folder, guint64 step)
{
  g_autofree char *name =
      g_strdup_printf (PREFIX "%0*" G_GUINT64_FORMAT SUFFIX, DIGITS, step);
  return g_build_filename (folder->path, name, NULL);
}

/* ---- the lock ---- */

static gboolean
fail_locked (const VattRunFolder *folder, GError **error)
{
  char text[32] = { 0 };
  ssize_t n = pread (folder->lock, text, sizeof text - 1, 0);
  guint64 process;
  if (n > 0)
    g_strchomp (text);
  gboolean known =
      g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT32, &process, NULL);
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
      "checkpoints '%s': another training has the folder, %s%s; expected one "
      "folder for each",
      folder->path, known ? "that of process " : "of a process unknown",
      known ? text : "");
  return FALSE;
}

static gboolean
take_lock (VattRunFolder *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder->path, LOCK, NULL);
  folder->lock = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (folder->lock < 0)
    return fail (folder->path, errno, "locked", error);
  while (flock (folder->lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return fail_locked (folder, error);
    if (errno != EINTR)
      return fail (folder->path, errno, "locked", error);
  }
  /* On a full disk it is not told whose it is. */
  if (ftruncate (folder->lock, 0) == 0)
    dprintf (folder->lock, "%ld\n", (long)getpid ());
  return TRUE;
}

static gboolean
sweep (const VattRunFolder *folder, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder->path, 0, error);
  const char *name;
  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *path = g_build_filename (folder->path, name, NULL);
    if (is_unfinished (name) && g_unlink (path) != 0)
      return fail (folder->path, errno, "cleared of unfinished files", error);
  }
  return dir != NULL;
}

/* What is in a folder is safe on the disk once all the folders are that were
 * made for it; 0, or an errno. */
static int
sync_folder (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return errno;
  int code = vatt_folder_sync (fd);
  close (fd);
  return code;
}

static int
make_folder (const char *path)
{
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return 0;
  g_autofree char *parent = g_path_get_dirname (path);
  int code =
      g_file_test (parent, G_FILE_TEST_EXISTS) ? 0 : make_folder (parent);
  if (code != 0)
    return code;
  /* With a slash at its end it is its own parent, and there by now. */
  if (g_mkdir (path, 0777) == 0)
    return sync_folder (parent);
  code = errno;
  if (code != EEXIST)
    return code;
  return g_file_test (path, G_FILE_TEST_IS_DIR) ? 0 : ENOTDIR;
}

gboolean
vatt_run_folder_open (VattRunFolder *folder, const char *path, GError **error)
{
  *folder = (VattRunFolder){ .path = g_strdup (path), .lock = -1 };
  int code = make_folder (path);
  if (code != 0)
    return fail (path, code, "made", error);
  return take_lock (folder, error) && sweep (folder, error);
}

void
vatt_run_folder_close (VattRunFolder *folder)
{
  if (folder->lock >= 0)
    close (folder->lock);
  folder->lock = -1;
  g_clear_pointer (&folder->path, g_free);
}

/* ---- what is there ---- */

static int
compare_steps (gconstpointer a, gconstpointer b)
{
  const VattStepFile *first = a, *second = b;
  return first->step > second->step ? -1 : first->step < second->step;
}

static void
clear_step (gpointer file)
{
  g_free (((VattStepFile *)file)->path);
}

GArray *
vatt_run_folder_list (const VattRunFolder *folder, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder->path, 0, error);
  if (!dir)
    return NULL;
  GArray *files = g_array_new (FALSE, FALSE, sizeof (VattStepFile));
  g_array_set_clear_func (files, clear_step);
  const char *name, *rest;
  while ((name = g_dir_read_name (dir))) {
    VattStepFile file;
    if (!parse_name (name, &file.step, &rest) || *rest)
      continue;
    file.path = g_build_filename (folder->path, name, NULL);
    g_array_append_val (files, file);
  }
  g_array_sort (files, compare_steps);
  return files;
}

void
vatt_run_folder_prune (const VattRunFolder *folder, guint keep, guint64 step)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) files = vatt_run_folder_list (folder, &error);
  if (!files) {
    g_warning ("%s; old checkpoints stay", error->message);
    return;
  }
  guint kept = 0;
  for (guint i = 0; i < files->len; i++) {
    const VattStepFile *file = &g_array_index (files, VattStepFile, i);
    if (file->step > step || kept++ < keep)
      continue;
    if (g_unlink (file->path) != 0)
      g_warning ("checkpoint '%s': cannot be removed: %s", file->path,
          g_strerror (errno));
  }
}
