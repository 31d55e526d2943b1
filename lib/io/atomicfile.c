/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files that appear whole or not at all. */
#include "atomicfile.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct _VattAtomicFile {
  char *what;      /* first word of error texts */
  char *path;      /* where the file shall appear */
  char *temporary; /* where it is written; NULL once renamed or removed */
  FILE *stream;    /* NULL once closed */
  int folder;      /* descriptor of the folder of path, -1 if not open */
  GError *failure; /* the first failure */
};

static gboolean
fail (VattAtomicFile *file, int code, const char *step, GError **error)
{
  if (file->failure == NULL)
    file->failure = g_error_new (G_FILE_ERROR, g_file_error_from_errno (code),
        "%s '%s': cannot be %s: %s", file->what, file->path, step,
        g_strerror (code));
  if (error != NULL)
    *error = g_error_copy (file->failure);
  return FALSE;
}

/* The permissions of what is at path, or 0 where there is nothing. */
static gboolean
examine_old (VattAtomicFile *file, mode_t *mode, GError **error)
{
  struct stat status;
  *mode = 0;
  if (stat (file->path, &status) != 0)
    return errno == ENOENT ? TRUE : fail (file, errno, "examined", error);
  if (S_ISDIR (status.st_mode))
    return fail (file, EISDIR, "replaced", error);
  if (!S_ISREG (status.st_mode))
    return fail (file, EINVAL, "replaced", error);
  *mode = status.st_mode & 07777;
  return TRUE;
}

static gboolean
open_temporary (VattAtomicFile *file, mode_t mode, GError **error)
{
  g_autofree char *name = g_strconcat (file->path, ".XXXXXX", NULL);
  int fd = g_mkstemp_full (name, O_WRONLY | O_CLOEXEC, 0666);
  if (fd < 0)
    return fail (file, errno, "created", error);

  file->temporary = g_steal_pointer (&name);
  if (mode != 0 && fchmod (fd, mode) != 0) {
    int code = errno;
    close (fd);
    return fail (file, code, "given the permissions of the old file", error);
  }
  file->stream = fdopen (fd, "w");
  if (file->stream == NULL) {
    int code = errno;
    close (fd);
    return fail (file, code, "created", error);
  }
  return TRUE;
}

VattAtomicFile *
vatt_atomic_file_new (const char *what, const char *path, GError **error)
{
  g_autoptr (VattAtomicFile) file = g_new0 (VattAtomicFile, 1);
  file->what = g_strdup (what);
  file->path = g_strdup (path);
  file->folder = -1;

  g_autofree char *folder = g_path_get_dirname (path);
  file->folder = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file->folder < 0) {
    fail (file, errno, "created, its folder not opened", error);
    return NULL;
  }
  mode_t mode;
  if (!examine_old (file, &mode, error) || !open_temporary (file, mode, error))
    return NULL;
  return g_steal_pointer (&file);
}

gboolean
vatt_atomic_file_write (
    VattAtomicFile *file, gconstpointer data, gsize size, GError **error)
{
  if (file->failure != NULL)
    return fail (file, 0, "written", error);
  if (size > 0 && fwrite (data, 1, size, file->stream) != size)
    return fail (file, errno, "written", error);
  return TRUE;
}

gboolean
vatt_atomic_file_printf (
    VattAtomicFile *file, GError **error, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return vatt_atomic_file_write (file, text, strlen (text), error);
}

gboolean
vatt_atomic_file_commit (VattAtomicFile *file, GError **error)
{
  if (file->failure != NULL)
    return fail (file, 0, "written", error);
  if (fflush (file->stream) != 0 || fsync (fileno (file->stream)) != 0)
    return fail (file, errno, "written", error);
  if (fclose (g_steal_pointer (&file->stream)) != 0)
    return fail (file, errno, "written", error);
  if (g_rename (file->temporary, file->path) != 0)
    return fail (file, errno, "replaced", error);
  g_clear_pointer (&file->temporary, g_free);

  /* EINVAL: a file system whose folders cannot be synchronised */
  if (fsync (file->folder) != 0 && errno != EINVAL)
    return fail (file, errno, "brought to the disk, its folder failed", error);
  return TRUE;
}

void
vatt_atomic_file_free (VattAtomicFile *file)
{
  if (file == NULL)
    return;
  if (file->stream != NULL)
    fclose (file->stream);
  if (file->temporary != NULL)
    g_unlink (file->temporary);
  if (file->folder >= 0)
    close (file->folder);
  g_clear_error (&file->failure);
  g_free (file->temporary);
  g_free (file->path);
  g_free (file->what);
  g_free (file);
}
