/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the sub-commands of vatt share. A sub-command is a file with one
 * VattCommand; vatt.c lists them. Exit status: 0 done, 1 failed, 2 not
 * understood. */
#pragma once

#include <vatt/vatt.h>

typedef enum {
  VATT_EXIT_DONE = 0,
  VATT_EXIT_FAILED = 1,
  VATT_EXIT_USAGE = 2,
} VattExit;

typedef struct {
  const char *name;
  const char *arguments; /* "MODEL MEDIA…" */
  const char *summary;
  VattExit (*run) (int argc, char **argv); /* argv[0] is the name */
} VattCommand;

extern const VattCommand vatt_command_info, vatt_command_init,
    vatt_command_convert, vatt_command_embed, vatt_command_eval,
    vatt_command_run, vatt_command_bench, vatt_command_devices,
    vatt_command_curve;

/* Parses options; *words are the remaining arguments, at least min_words and
 * at most max_words. FALSE after a message to stderr. */
gboolean vatt_tool_parse (const VattCommand *command,
    const GOptionEntry *entries, int argc, char **argv, guint min_words,
    guint max_words, char ***words);
/* Says on stderr why the command failed. */
VattExit vatt_tool_fail (const VattCommand *command, const GError *error);
/* The same for arguments that were not understood. */
VattExit vatt_tool_misuse (const VattCommand *command, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

/* A model file, or a variant with the parameters of seed 0; *is_file tells
 * which, where not NULL. */
VattModel *vatt_tool_load (
    const char *file_or_variant, gboolean *is_file, GError **error);
/* The option --device; every command that computes has it. */
#define VATT_TOOL_DEVICE(variable)                                             \
  {                                                                            \
    "device", 'd', 0, G_OPTION_ARG_STRING, variable,                           \
        "What computes: cpu, vulkan, vulkan:N or auto (auto)", "NAME"          \
  }
/* The option --weights, and what it says; FALSE for a name nobody knows. */
#define VATT_TOOL_WEIGHTS(variable)                                            \
  {                                                                            \
    "weights", 0, 0, G_OPTION_ARG_STRING, variable,                            \
        "How a GPU keeps matrices: f32, bf16 or f16 (f32)", "TYPE"             \
  }
gboolean vatt_tool_parse_weights (
    const char *name, VattWeightStorage *weights, GError **error);
/* "video", "audio" or "text" */
gboolean vatt_tool_parse_modality (
    const char *name, VattModality *modality, GError **error);
