/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * write-events FOLDER PNG STEP: logs ten steps from STEP on, for
 * tensorboard-reader.py to read. Each has "loss", its step over 8, and
 * "rate/ü" of STEP; the first a text and the picture too. */
#include <vatt/eventlog.h>

#include <signal.h>
#include <unistd.h>

static gboolean
log_step (VattEventLog *log, guint64 step, guint64 first, GError **error)
{
  const VattScalar scalars[] = { { "loss", (float)step / 8 },
    { "rate/ü", (float)first } };
  return vatt_event_log_scalars (
      log, step, scalars, G_N_ELEMENTS (scalars), error);
}

int
main (int argc, char **argv)
{
  if (argc != 4) {
    g_printerr ("usage: write-events FOLDER PNG STEP\n");
    return 2;
  }
  guint64 first = g_ascii_strtoull (argv[3], NULL, 10);
  VattEventLogParams params = {
    .tensorboard = TRUE, .csv = TRUE, .step = first
  };
  g_autoptr (GError) error = NULL;
  g_autofree char *png = NULL;
  gsize size;
  gboolean written = g_file_get_contents (argv[2], &png, &size, &error);
  g_autoptr (VattEventLog) log =
      written ? vatt_event_log_new (argv[1], &params, &error) : NULL;
  written = log != NULL &&
            vatt_event_log_text (log, first, "note", "**bold** ü", &error) &&
            vatt_event_log_image (log, first, "picture", png, size, &error);
  for (guint64 step = first; written && step < first + 10; step++)
    written = log_step (log, step, first, &error);
  if (!written) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  /* A training that is killed closes nothing. */
  kill (getpid (), SIGKILL);
  return 1;
}
