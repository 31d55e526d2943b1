/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a training writes while it learns: event files for TensorBoard, a table
 * of its scalars, or both. docs/formats.md has the formats.
 *
 * |[<!-- language="C" -->
 * VattEventLogParams params = { .tensorboard = TRUE, .csv = TRUE,
 *   .step = resumed_step };
 * g_autoptr (VattEventLog) log = vatt_event_log_new ("run", &params, &error);
 * if (log == NULL)
 *   return FALSE;
 * VattScalar scalars[] = { { "loss", loss }, { "rate", rate } };
 * if (!vatt_event_log_scalars (log, step, scalars, 2, &error)) {
 *   g_warning ("%s; the training goes on without a log", error->message);
 *   g_clear_error (&error);
 *   g_clear_pointer (&log, vatt_event_log_free);
 * }
 * ]| */
#pragma once

#include <vatt/error.h>
#include <glib-object.h>

G_BEGIN_DECLS

/**
 * VattEventLog:
 *
 * A log of a training. Belongs to one thread at a time.
 *
 * What is written is with the system when the function returns: a process that
 * is killed loses none of it. The first failure to write ends the log: its
 * error is kept, and every later call writes nothing and returns it again, so
 * that whoever trains may warn once and go on. What was refused for its
 * contents ends nothing.
 */
typedef struct _VattEventLog VattEventLog;

#define VATT_TYPE_EVENT_LOG (vatt_event_log_get_type ())
VATT_API GType vatt_event_log_get_type (void);

/**
 * VattEventLogParams:
 * @tensorboard: write events.out.tfevents.TIME.HOST.PID, which TensorBoard
 * reads
 * @csv: write scalars.csv
 * @step: the first step that will be logged, at most %G_MAXINT64: 0, or where a
 *   training goes on
 *
 * Settings of a log; at least one kind of file must be asked for.
 */
typedef struct {
  gboolean tensorboard;
  gboolean csv;
  guint64 step;
} VattEventLogParams;

/**
 * VattScalar:
 * @tag: its name, as `loss/video-audio`; TensorBoard groups by what stands
 *   before the slash
 * @value: its value; may be infinite or not a number
 *
 * A number of a step.
 */
typedef struct {
  const char *tag;
  float value;
} VattScalar;

/**
 * vatt_event_log_new:
 * @folder: (type filename): where the files shall be; made if it is not there
 * @params: settings
 * @error: return location for a #GError: #GFileError, %VATT_ERROR_CONFIG,
 *   %VATT_ERROR_MEDIA where scalars.csv is there and is not such a table
 *
 * Begins a log. If there is one in @folder, it is continued: what it has of
 * @params.step and the steps behind is superseded, in TensorBoard by the new
 * event file, in scalars.csv by cutting its rows away.
 *
 * Returns: (transfer full) (nullable): a log, or %NULL with @error set
 */
VATT_API VattEventLog *vatt_event_log_new (
    const char *folder, const VattEventLogParams *params, GError **error);

/**
 * vatt_event_log_scalars: (skip)
 * @log: a log
 * @step: the step they are of; not before that of the last call, nor before
 *   the first one of the log
 * @scalars: (array length=n): numbers with tags that differ
 * @n: how many
 * @error: return location for a #GError: #GFileError, %VATT_ERROR_CONFIG,
 *   %VATT_ERROR_MEDIA
 *
 * Logs numbers. A tag is UTF-8, of 1 to 1024 bytes; others are refused with
 * %VATT_ERROR_CONFIG, and then none of @scalars is written. In scalars.csv all
 * numbers of a step share a row, whatever the number of calls; a tag that is
 * new adds a column.
 *
 * Returns: whether they were written
 */
VATT_API gboolean vatt_event_log_scalars (VattEventLog *log, guint64 step,
    const VattScalar *scalars, guint n, GError **error);

/**
 * vatt_event_log_scalar:
 * @log: a log
 * @step: the step it is of
 * @tag: its name
 * @value: its value
 * @error: return location for a #GError
 *
 * Logs one number. @step is not before that of the last call, nor before the
 * first one of the log; numbers of a step may come in several calls, and share
 * a row of scalars.csv.
 *
 * Returns: whether it was written
 */
VATT_API gboolean vatt_event_log_scalar (VattEventLog *log, guint64 step,
    const char *tag, float value, GError **error);

/**
 * vatt_event_log_text:
 * @log: a log
 * @step: the step it is of, as in vatt_event_log_scalars()
 * @tag: its name
 * @text: Markdown in UTF-8, of at most 64 MiB
 * @error: return location for a #GError: #GFileError, %VATT_ERROR_CONFIG for
 *   the tag, %VATT_ERROR_MEDIA for the text
 *
 * Logs a text, for TensorBoard alone: there is no place for it in scalars.csv.
 *
 * Returns: whether it was written, or there is nothing to write to
 */
VATT_API gboolean vatt_event_log_text (VattEventLog *log, guint64 step,
    const char *tag, const char *text, GError **error);

/**
 * vatt_event_log_image:
 * @log: a log
 * @step: the step it is of, as in vatt_event_log_scalars()
 * @tag: its name
 * @png: (array length=size) (element-type guint8): a PNG file
 * @size: bytes in @png, at most 64 MiB
 * @error: return location for a #GError: #GFileError, %VATT_ERROR_CONFIG for
 *   the tag, %VATT_ERROR_MEDIA for the picture
 *
 * Logs a picture, for TensorBoard alone. Of the PNG only the header is read.
 *
 * Returns: whether it was written, or there is nothing to write to
 */
VATT_API gboolean vatt_event_log_image (VattEventLog *log, guint64 step,
    const char *tag, gconstpointer png, gsize size, GError **error);

/**
 * vatt_event_log_flush:
 * @log: a log
 * @error: return location for a #GError: #GFileError
 *
 * Waits until all that was logged is on the disk, where it outlives a failure
 * of the machine. Best before a checkpoint is written.
 *
 * Returns: whether it is there
 */
VATT_API gboolean vatt_event_log_flush (VattEventLog *log, GError **error);

/**
 * vatt_event_log_ref:
 * @log: a log
 *
 * Returns: (transfer full): @log, with one more reference
 */
VATT_API VattEventLog *vatt_event_log_ref (VattEventLog *log);

/**
 * vatt_event_log_free:
 * @log: (transfer full) (nullable): a log
 *
 * Releases a reference; the last one closes the files.
 */
VATT_API void vatt_event_log_free (VattEventLog *log);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattEventLog, vatt_event_log_free)

G_END_DECLS
