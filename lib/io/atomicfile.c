/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files that appear whole or not at all. */
#include "atomicfile.h"

#include <vatt/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct _VattAtomicFile {
  char *what;      /* first word of error texts */
  char *path;      /* where the file shall appear */
  char *name;      /* the last part of path */
  char *temporary; /* the name in the folder it has until then, or NULL */
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

/* Tries names until one is free: give says whether it took name, else errno
 * why not. Then it is the file's temporary one. */
static gboolean
give_temporary_name (VattAtomicFile *file,
    gboolean (*give) (VattAtomicFile *file, const char *name, int *fd), int *fd)
{
  for (guint attempt = 0; attempt < 100; attempt++) {
    g_autofree char *name =
        g_strdup_printf ("%s.%06x", file->name, g_random_int () & 0xffffff);
    if (give (file, name, fd)) {
      file->temporary = g_steal_pointer (&name);
      return TRUE;
    }
    if (errno != EEXIST)
      return FALSE;
  }
  return FALSE;
}

static gboolean
create_named (VattAtomicFile *file, const char *name, int *fd)
{
  *fd = openat (
      file->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  return *fd >= 0;
}

/* The path by which a file without a name can be given one. */
static void
describe_descriptor (char text[32], int fd)
{
  g_snprintf (text, 32, "/proc/self/fd/%d", fd);
}

static gboolean
link_named (VattAtomicFile *file, const char *name, int *fd)
{
  char source[32];
  describe_descriptor (source, *fd);
  return linkat (AT_FDCWD, source, file->folder, name, AT_SYMLINK_FOLLOW) == 0;
}

/* A file without a name: the kernel removes it with the process, however that
 * ends. -1 where the file system has no such files, or no /proc is there to
 * give it a name by. */
static int
create_unnamed (VattAtomicFile *file)
{
  int fd = openat (file->folder, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
  if (fd < 0)
    return -1;
  char source[32];
  describe_descriptor (source, fd);
  if (access (source, F_OK) == 0)
    return fd;
  close (fd);
  return -1;
}

static gboolean
open_aside (VattAtomicFile *file, mode_t mode, GError **error)
{
  int fd = create_unnamed (file);
  if (fd < 0 && !give_temporary_name (file, create_named, &fd))
    return fail (file, errno, "created", error);
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
  file->name = g_path_get_basename (path);
  file->folder = -1;

  g_autofree char *folder = g_path_get_dirname (path);
  file->folder = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file->folder < 0) {
    fail (file, errno, "created, its folder not opened", error);
    return NULL;
  }
  mode_t mode;
  if (!examine_old (file, &mode, error) || !open_aside (file, mode, error))
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

/* Gives the file its name. Where that is new, a file without a name takes it
 * at once. Linux has no call that puts such a file in the place of another: it
 * gets a name beside it and is renamed by the very next call. */
static gboolean
appear (VattAtomicFile *file)
{
  int fd = fileno (file->stream);
  if (file->temporary == NULL) {
    if (link_named (file, file->name, &fd))
      return TRUE;
    if (errno != EEXIST || !give_temporary_name (file, link_named, &fd))
      return FALSE;
  }
  if (renameat (file->folder, file->temporary, file->folder, file->name) != 0)
    return FALSE;
  g_clear_pointer (&file->temporary, g_free);
  return TRUE;
}

int
vatt_folder_sync (int fd)
{
  return fsync (fd) == 0 || errno == EINVAL ? 0 : errno;
}

gboolean
vatt_atomic_file_commit (VattAtomicFile *file, GError **error)
{
  if (file->failure != NULL)
    return fail (file, 0, "written", error);
  if (fflush (file->stream) != 0 || fsync (fileno (file->stream)) != 0)
    return fail (file, errno, "written", error);
  if (!appear (file))
    return fail (file, errno, "put in its place", error);

  int code = vatt_folder_sync (file->folder);
  return code == 0 ||
         fail (file, code, "brought to the disk, its folder failed", error);
}

void
vatt_atomic_file_free (VattAtomicFile *file)
{
  if (file == NULL)
    return;
  if (file->stream != NULL)
    fclose (file->stream);
  if (file->temporary != NULL)
    unlinkat (file->folder, file->temporary, 0);
  if (file->folder >= 0)
    close (file->folder);
  g_clear_error (&file->failure);
  g_free (file->temporary);
  g_free (file->name);
  g_free (file->path);
  g_free (file->what);
  g_free (file);
}

gboolean
vatt_file_write (
    const char *path, gconstpointer data, gsize size, GError **error)
{
  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_autoptr (VattAtomicFile) file = vatt_atomic_file_new ("file", path, error);
  return file != NULL && vatt_atomic_file_write (file, data, size, error) &&
         vatt_atomic_file_commit (file, error);
}
