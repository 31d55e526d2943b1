/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The vatt command. */
#include "tool.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const VattCommand *const commands[] = { &vatt_command_info,
  &vatt_command_init, &vatt_command_convert, &vatt_command_embed,
  &vatt_command_eval, &vatt_command_run, &vatt_command_bench,
  &vatt_command_devices, &vatt_command_curve };

static void
print_help (void)
{
  g_print ("Usage: vatt COMMAND [OPTION…] [ARGUMENT…]\n\n"
           "Embeddings of video, sound and text by VATT models.\n\n"
           "Commands:\n");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_print ("  %-8s %s\n", commands[i]->name, commands[i]->summary);
  g_print ("\nvatt COMMAND --help tells the options of a command.\n");
}

/* What was printed may still be on its way, and its place may be full. */
static VattExit
finish (VattExit status)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return status;
  if (status == VATT_EXIT_DONE)
    g_printerr ("vatt: standard output: %s\n", g_strerror (errno));
  return status == VATT_EXIT_DONE ? VATT_EXIT_FAILED : status;
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  /* A file beyond the limit is an error like a full disk, not an end without
   * a word. */
  signal (SIGXFSZ, SIG_IGN);
  if (argc < 2) {
    g_printerr ("vatt: no command given, see vatt --help\n");
    return VATT_EXIT_USAGE;
  }
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0) {
    print_help ();
    return finish (VATT_EXIT_DONE);
  }
  if (strcmp (argv[1], "--version") == 0) {
    g_print ("vatt %s\n", VATT_VERSION);
    return finish (VATT_EXIT_DONE);
  }
  /* The option parser wants the strings to be the heap's. */
  g_auto (GStrv) words = g_strdupv (argv + 1);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (argv[1], commands[i]->name) == 0)
      return finish (commands[i]->run (argc - 1, words));
  g_printerr ("vatt: unknown command '%s', see vatt --help\n", argv[1]);
  return VATT_EXIT_USAGE;
}
