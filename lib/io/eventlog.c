/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * TensorBoard reads the event files of a folder in the order of their names,
 * as if they were one. So a log that continues another needs a name behind all
 * others: its time is that of the newest plus a second, if that is later than
 * now. */
#include <vatt/eventlog.h>

#include "appendfile.h"
#include "eventrecord.h"
#include "scalartable.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "events.out.tfevents."
#define TIME_DIGITS 10
#define TIME_MAX G_GUINT64_CONSTANT (9999999999)
#define TAG_MAX 1024             /* bytes */
#define CONTENT_MAX (64ul << 20) /* bytes, of a text or a picture */
#define PNG_MAGIC "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
#define PNG_MAGIC_SIZE (sizeof (PNG_MAGIC) - 1)
#define PNG_HEAD 26 /* bytes up to the kind of colour, with it */

struct _VattEventLog {
  gatomicrefcount refs;
  VattAppendFile *events; /* or NULL */
  VattScalarTable *table; /* or NULL */
  guint64 step;           /* of the last call, or the first there may be */
  GError *failure;        /* what ended the log */
};

G_DEFINE_BOXED_TYPE (
    VattEventLog, vatt_event_log, vatt_event_log_ref, vatt_event_log_free)

static double
wall_time (void)
{
  return (double)g_get_real_time () * 1e-6;
}

/* ---- the event file ---- */

/* The time in the name of an event file, or 0. */
static guint64
time_of_name (const char *name)
{
  if (!g_str_has_prefix (name, PREFIX))
    return 0;
  const char *digits = name + strlen (PREFIX);
  if (strspn (digits, "0123456789") != TIME_DIGITS)
    return 0;
  return g_ascii_strtoull (digits, NULL, 10);
}

/* The time for the name of a new event file of a folder. */
static guint64
choose_time (const char *folder)
{
  guint64 time = (guint64)(g_get_real_time () / G_USEC_PER_SEC);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir && (name = g_dir_read_name (dir)))
    time = MAX (time, time_of_name (name) + 1);
  return MIN (time, TIME_MAX);
}

/* Makes the file, with the two events that a session begins with. */
static VattAppendFile *
create_events (const char *path, guint64 step, GError **error)
{
  VattAppendFile *file =
      vatt_append_file_open ("event file", path, VATT_APPEND_NEW, error);
  if (!file)
    return NULL;
  g_autoptr (GByteArray) records = g_byte_array_new ();
  vatt_event_record_version (records, wall_time ());
  vatt_event_record_start (records, wall_time (), step);
  if (vatt_append_file_write (file, records->data, records->len, error))
    return file;
  vatt_append_file_free (file);
  g_unlink (path);
  return NULL;
}

/* Opens a new event file of a folder; its path is for the caller to free. */
static VattAppendFile *
open_events (const char *folder, guint64 step, char **path, GError **error)
{
  g_autofree char *host = g_strdup (g_get_host_name ());
  g_strdelimit (host, "/", '_');
  for (guint64 time = choose_time (folder);; time++) {
    g_autoptr (GError) failure = NULL;
    g_autofree char *name =
        g_strdup_printf (PREFIX "%0*" G_GUINT64_FORMAT ".%s.%ld", TIME_DIGITS,
            time, host, (long)getpid ());
    g_free (*path);
    *path = g_build_filename (folder, name, NULL);
    VattAppendFile *file = create_events (*path, step, &failure);
    if (file)
      return file;
    /* Another log of this process was begun meanwhile. */
    if (time < TIME_MAX &&
        g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_EXIST))
      continue;
    g_propagate_error (error, g_steal_pointer (&failure));
    return NULL;
  }
}

/* ---- the log ---- */

static gboolean
make_folder (const char *folder, GError **error)
{
  if (g_mkdir_with_parents (folder, 0777) == 0)
    return TRUE;
  int code = errno;
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code),
      "event log '%s': the folder cannot be made: %s", folder,
      g_strerror (code));
  return FALSE;
}

static gboolean
open_table (VattEventLog *log, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "scalars.csv", NULL);
  log->table = vatt_scalar_table_open (path, log->step, error);
  return log->table != NULL;
}

VattEventLog *
vatt_event_log_new (
    const char *folder, const VattEventLogParams *params, GError **error)
{
  g_return_val_if_fail (folder != NULL && params != NULL, NULL);
  g_return_val_if_fail (params->step <= G_MAXINT64, NULL);

  if (!params->tensorboard && !params->csv) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "event log '%s': found no kind of file to write, expected event files "
        "of TensorBoard, a table of scalars, or both",
        folder);
    return NULL;
  }
  if (!make_folder (folder, error))
    return NULL;
  g_autoptr (VattEventLog) log = g_new0 (VattEventLog, 1);
  g_atomic_ref_count_init (&log->refs);
  log->step = params->step;
  g_autofree char *events = NULL;
  if (params->tensorboard) {
    log->events = open_events (folder, params->step, &events, error);
    if (!log->events)
      return NULL;
  }
  if (params->csv && !open_table (log, folder, error)) {
    /* An event file without events would supersede those before it. */
    if (events)
      g_unlink (events);
    return NULL;
  }
  return g_steal_pointer (&log);
}

/* Ends the log, by failure, and says why. */
static gboolean
end (VattEventLog *log, GError *failure, GError **error)
{
  log->failure = failure;
  g_propagate_error (error, g_error_copy (failure));
  return FALSE;
}

/* FALSE, with error set, where the log has ended. */
static gboolean
check_going (const VattEventLog *log, GError **error)
{
  if (!log->failure)
    return TRUE;
  g_propagate_error (error, g_error_copy (log->failure));
  return FALSE;
}

/* A tag as error texts show it. */
static char *
show_tag (const char *tag)
{
  g_autofree char *escaped = g_strescape (tag, NULL);
  return g_strndup (escaped, 64);
}

static gboolean
check_tag (const char *tag, GError **error)
{
  gsize size = strlen (tag);
  if (size > 0 && size <= TAG_MAX && g_utf8_validate_len (tag, size, NULL))
    return TRUE;
  g_autofree char *shown = show_tag (tag);
  g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
      "event log: found tag '%s', of %zu bytes, expected 1 to %d bytes of "
      "UTF-8",
      shown, size, TAG_MAX);
  return FALSE;
}

static gboolean
check_scalars (const VattScalar *scalars, guint n, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < n; i++) {
    if (!check_tag (scalars[i].tag, error))
      return FALSE;
    if (!g_hash_table_add (seen, (gpointer)scalars[i].tag)) {
      g_autofree char *shown = show_tag (scalars[i].tag);
      g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
          "event log: found tag '%s' twice, expected numbers of a step to have "
          "tags that differ",
          shown);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
write_summary (VattEventLog *log, double time, guint64 step,
    const GByteArray *summary, GError **error)
{
  g_autoptr (GByteArray) record = g_byte_array_new ();
  vatt_event_record_summary (record, time, step, summary);
  return vatt_append_file_write (log->events, record->data, record->len, error);
}

static gboolean
write_scalars (VattEventLog *log, guint64 step, const VattScalar *scalars,
    guint n, GError **error)
{
  double time = wall_time ();
  if (log->events) {
    g_autoptr (GByteArray) summary = g_byte_array_new ();
    for (guint i = 0; i < n; i++)
      vatt_event_add_scalar (summary, scalars[i].tag, scalars[i].value);
    if (!write_summary (log, time, step, summary, error))
      return FALSE;
  }
  return !log->table ||
         vatt_scalar_table_write (log->table, time, step, scalars, n, error);
}

gboolean
vatt_event_log_scalars (VattEventLog *log, guint64 step,
    const VattScalar *scalars, guint n, GError **error)
{
  g_return_val_if_fail (log != NULL && (scalars != NULL || n == 0), FALSE);
  g_return_val_if_fail (step >= log->step && step <= G_MAXINT64, FALSE);

  GError *failure = NULL;
  if (!check_going (log, error) || !check_scalars (scalars, n, error))
    return FALSE;
  log->step = step;
  return n == 0 || write_scalars (log, step, scalars, n, &failure) ||
         end (log, failure, error);
}

gboolean
vatt_event_log_scalar (VattEventLog *log, guint64 step, const char *tag,
    float value, GError **error)
{
  g_return_val_if_fail (tag != NULL, FALSE);
  VattScalar scalar = { tag, value };
  return vatt_event_log_scalars (log, step, &scalar, 1, error);
}

/* Writes what belongs into the event file alone. */
static gboolean
write_content (
    VattEventLog *log, guint64 step, const GByteArray *summary, GError **error)
{
  GError *failure = NULL;
  log->step = step;
  return !log->events ||
         write_summary (log, wall_time (), step, summary, &failure) ||
         end (log, failure, error);
}

static gboolean
check_text (const char *tag, const char *text, GError **error)
{
  gsize size = strlen (text);
  if (size <= CONTENT_MAX && g_utf8_validate_len (text, size, NULL))
    return TRUE;
  g_autofree char *shown = show_tag (tag);
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
      "event log: text '%s' has %zu bytes, expected UTF-8 of at most 64 MiB",
      shown, size);
  return FALSE;
}

gboolean
vatt_event_log_text (VattEventLog *log, guint64 step, const char *tag,
    const char *text, GError **error)
{
  g_return_val_if_fail (log != NULL && tag != NULL && text != NULL, FALSE);
  g_return_val_if_fail (step >= log->step && step <= G_MAXINT64, FALSE);

  if (!check_going (log, error) || !check_tag (tag, error) ||
      !check_text (tag, text, error))
    return FALSE;
  g_autoptr (GByteArray) summary = g_byte_array_new ();
  vatt_event_add_text (summary, tag, text);
  return write_content (log, step, summary, error);
}

static guint32
read_big_endian (const guint8 *bytes)
{
  guint32 value;
  memcpy (&value, bytes, sizeof (value));
  return GUINT32_FROM_BE (value);
}

/* Reads the header of a PNG: https://www.w3.org/TR/png-3/#11IHDR. */
static gboolean
read_png (const char *tag, const guint8 *png, gsize size, VattEventImage *image,
    GError **error)
{
  /* by the kind of colour; a palette is of RGB */
  static const guint8 channels[] = { 1, 0, 3, 3, 2, 0, 4 };
  *image = (VattEventImage){ 0 };
  if (size >= PNG_HEAD && size <= CONTENT_MAX &&
      memcmp (png, PNG_MAGIC, PNG_MAGIC_SIZE) == 0) {
    guint8 colour = png[PNG_HEAD - 1];
    image->width = read_big_endian (png + PNG_MAGIC_SIZE);
    image->height = read_big_endian (png + PNG_MAGIC_SIZE + 4);
    image->channels = colour < sizeof (channels) ? channels[colour] : 0;
  }
  if (image->channels > 0 && image->width > 0 && image->width <= G_MAXINT32 &&
      image->height > 0 && image->height <= G_MAXINT32)
    return TRUE;
  g_autofree char *shown = show_tag (tag);
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
      "event log: picture '%s', of %zu bytes, does not begin as a PNG does, "
      "expected one of at most 64 MiB",
      shown, size);
  return FALSE;
}

gboolean
vatt_event_log_image (VattEventLog *log, guint64 step, const char *tag,
    gconstpointer png, gsize size, GError **error)
{
  g_return_val_if_fail (log != NULL && tag != NULL && png != NULL, FALSE);
  g_return_val_if_fail (step >= log->step && step <= G_MAXINT64, FALSE);

  VattEventImage image;
  if (!check_going (log, error) || !check_tag (tag, error) ||
      !read_png (tag, png, size, &image, error))
    return FALSE;
  g_autoptr (GByteArray) summary = g_byte_array_new ();
  vatt_event_add_image (summary, tag, &image, png, size);
  return write_content (log, step, summary, error);
}

gboolean
vatt_event_log_flush (VattEventLog *log, GError **error)
{
  g_return_val_if_fail (log != NULL, FALSE);
  GError *failure = NULL;
  if (!check_going (log, error))
    return FALSE;
  if ((log->events && !vatt_append_file_sync (log->events, &failure)) ||
      (log->table && !vatt_scalar_table_sync (log->table, &failure)))
    return end (log, failure, error);
  return TRUE;
}

VattEventLog *
vatt_event_log_ref (VattEventLog *log)
{
  g_return_val_if_fail (log != NULL, NULL);
  g_atomic_ref_count_inc (&log->refs);
  return log;
}

void
vatt_event_log_free (VattEventLog *log)
{
  if (!log || !g_atomic_ref_count_dec (&log->refs))
    return;
  vatt_append_file_free (log->events);
  vatt_scalar_table_free (log->table);
  g_clear_error (&log->failure);
  g_free (log);
}
