/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "appendfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct _VattAppendFile {
  char *what;   /* first words of error texts */
  char *path;   /* for them too */
  int fd;       /* -1 if not open */
  guint64 size; /* bytes in whole records */
};

static gboolean
fail (const VattAppendFile *file, int code, const char *step, GError **error)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code),
      "%s '%s': cannot be %s: %s", file->what, file->path, step,
      g_strerror (code));
  return FALSE;
}

VattAppendFile *
vatt_append_file_open (
    const char *what, const char *path, VattAppendMode mode, GError **error)
{
  const int new_only = mode == VATT_APPEND_NEW ? O_CREAT | O_EXCL : 0;
  g_autoptr (VattAppendFile) file = g_new0 (VattAppendFile, 1);
  file->what = g_strdup (what);
  file->path = g_strdup (path);
  file->fd = open (path, O_WRONLY | O_APPEND | O_CLOEXEC | new_only, 0666);
  if (file->fd < 0) {
    fail (file, errno, new_only ? "created" : "opened for writing", error);
    return NULL;
  }
  struct stat status;
  if (fstat (file->fd, &status) != 0) {
    fail (file, errno, "examined", error);
    return NULL;
  }
  file->size = (guint64)status.st_size;
  return g_steal_pointer (&file);
}

guint64
vatt_append_file_get_size (const VattAppendFile *file)
{
  return file->size;
}

gboolean
vatt_append_file_write (
    VattAppendFile *file, gconstpointer data, gsize size, GError **error)
{
  const guint8 *bytes = data;
  for (gsize done = 0; done < size;) {
    gssize n = write (file->fd, bytes + done, size - done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      fail (file, errno, "written", error);
      /* If that fails too, readers meet a torn record, which they know. */
      if (done > 0)
        vatt_append_file_cut (file, file->size, NULL);
      return FALSE;
    }
    done += (gsize)n;
  }
  file->size += size;
  return TRUE;
}

gboolean
vatt_append_file_cut (VattAppendFile *file, guint64 size, GError **error)
{
  while (ftruncate (file->fd, (off_t)size) != 0)
    if (errno != EINTR)
      return fail (file, errno, "cut", error);
  file->size = size;
  return TRUE;
}

gboolean
vatt_append_file_sync (VattAppendFile *file, GError **error)
{
  return fsync (file->fd) == 0 ||
         fail (file, errno, "brought to the disk", error);
}

void
vatt_append_file_free (VattAppendFile *file)
{
  if (file == NULL)
    return;
  if (file->fd >= 0)
    close (file->fd);
  g_free (file->path);
  g_free (file->what);
  g_free (file);
}
