/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opening what must be a plain file. */
#include "regularfile.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void
set_error (GError **error, int code, const char *what, const char *path,
    const char *step)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code),
      "%s '%s': cannot be %s: %s", what, path, step, g_strerror (code));
}

int
vatt_regular_file_open (
    const char *what, const char *path, guint64 *size, GError **error)
{
  /* without O_NONBLOCK a pipe would be waited for */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    set_error (error, errno, what, path, "opened");
    return -1;
  }

  struct stat status;
  if (fstat (fd, &status) != 0) {
    set_error (error, errno, what, path, "examined");
    close (fd);
    return -1;
  }
  if (S_ISDIR (status.st_mode)) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_ISDIR,
        "%s '%s': is a folder, expected a file", what, path);
    close (fd);
    return -1;
  }
  if (!S_ISREG (status.st_mode)) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "%s '%s': is a pipe or a device, expected a file", what, path);
    close (fd);
    return -1;
  }
  *size = (guint64)status.st_size;
  return fd;
}

gboolean
vatt_map_open (VattMap *map, const char *what, const char *path, GError **error)
{
  guint64 size;
  int fd = vatt_regular_file_open (what, path, &size, error);
  if (fd < 0)
    return FALSE;

  void *data = NULL;
  int code = size > G_MAXSSIZE ? EFBIG : 0;
  if (code == 0 && size > 0) {
    data = mmap (NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
    code = data == MAP_FAILED ? errno : 0;
  }
  close (fd);
  if (code != 0) {
    set_error (error, code, what, path, "mapped");
    return FALSE;
  }
  map->data = data;
  map->size = (gsize)size;
  return TRUE;
}

void
vatt_map_clear (VattMap *map)
{
  if (map->data != NULL)
    munmap ((void *)map->data, map->size);
  *map = (VattMap){ 0 };
}
