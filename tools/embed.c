/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vatt embed: media files to embeddings, as a table, an array or tensors.
 * Rows are in the order of the files, then video, audio, text, then time. */
#include "tool.h"

#include "media.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef enum {
  FORMAT_TSV,
  FORMAT_NPY,
  FORMAT_SAFETENSORS,
} Format;

typedef struct {
  char *path;         /* as the user gave it */
  GPtrArray *streams; /* VattMediaStream */
} File;

static void
file_clear (gpointer pointer)
{
  File *file = pointer;
  g_free (file->path);
  g_ptr_array_unref (file->streams);
}

static gboolean
parse_format (const char *out, Format *format)
{
  static const char *const suffixes[] = { [FORMAT_TSV] = ".tsv",
    [FORMAT_NPY] = ".npy",
    [FORMAT_SAFETENSORS] = ".safetensors" };
  *format = FORMAT_TSV;
  if (!out)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    if (g_str_has_suffix (out, suffixes[i])) {
      *format = (Format)i;
      return TRUE;
    }
  return FALSE;
}

static gboolean
parse_space (const char *space, VattOutput *output)
{
  static const struct {
    const char *name;
    VattOutput output;
  } spaces[] = { { "none", VATT_OUTPUT_POOLED }, { "va", VATT_OUTPUT_VA },
    { "vt", VATT_OUTPUT_VT } };
  for (guint i = 0; i < G_N_ELEMENTS (spaces); i++)
    if (strcmp (space, spaces[i].name) == 0) {
      *output = spaces[i].output;
      return TRUE;
    }
  return FALSE;
}

/* "video,audio"; all of them where it is NULL. */
static gboolean
parse_modalities (
    const char *list, gboolean wanted[VATT_N_MODALITIES], GError **error)
{
  g_auto (GStrv) names = g_strsplit (list ? list : "video,audio,text", ",", -1);
  VattModality modality;
  if (!*names) /* "" */
    return vatt_tool_parse_modality (list, &modality, error);
  for (char **name = names; *name; name++) {
    if (!vatt_tool_parse_modality (*name, &modality, error))
      return FALSE;
    wanted[modality] = TRUE;
  }
  return TRUE;
}

/* ---- tables ---- */

/* A name without what would break a line or a column. */
static char *
escape_name (const char *path)
{
  g_autofree char *name = g_filename_display_name (path);
  GString *text = g_string_new (name);
  g_string_replace (text, "\\", "\\\\", 0);
  g_string_replace (text, "\t", "\\t", 0);
  g_string_replace (text, "\n", "\\n", 0);
  return g_string_free (text, FALSE);
}

/* Nine digits bring back the same float. */
static void
append_rows (GString *table, const File *file)
{
  g_autofree char *name = escape_name (file->path);
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  for (guint s = 0; s < file->streams->len; s++) {
    const VattMediaStream *stream = g_ptr_array_index (file->streams, s);
    for (guint w = 0; w < stream->start->len; w++) {
      g_string_append_printf (
          table, "%s\t%s", name, vatt_modality_name (stream->modality));
      double times[] = { g_array_index (stream->start, double, w),
        g_array_index (stream->end, double, w) };
      for (guint i = 0; i < 2; i++)
        g_string_append_printf (table, "\t%s",
            g_ascii_formatd (number, sizeof number, "%.3f", times[i]));
      const float *row =
          &g_array_index (stream->values, float, (gsize)w * stream->width);
      for (guint i = 0; i < stream->width; i++)
        g_string_append_printf (table, "\t%s",
            g_ascii_formatd (number, sizeof number, "%.9g", (double)row[i]));
      g_string_append_c (table, '\n');
    }
  }
}

/* ---- files ---- */

static gboolean
write_tsv (const char *out, GArray *files, GError **error)
{
  g_autoptr (GString) table = g_string_new (NULL);
  for (guint f = 0; f < files->len; f++)
    append_rows (table, &g_array_index (files, File, f));
  return vatt_file_write (out, table->str, table->len, error);
}

static gboolean
write_npy (const char *out, GArray *files, GError **error)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (float));
  guint width = 0;
  for (guint f = 0; f < files->len; f++) {
    const File *file = &g_array_index (files, File, f);
    for (guint s = 0; s < file->streams->len; s++) {
      const VattMediaStream *stream = g_ptr_array_index (file->streams, s);
      if (width && stream->width != width) {
        g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
            "'%s': an array has rows of one width, here are %u and %u; "
            "choose a --space or a --modality",
            out, width, stream->width);
        return FALSE;
      }
      width = stream->width;
      g_array_append_vals (all, stream->values->data, stream->values->len);
    }
  }
  return vatt_npy_write (out, (const float *)(const void *)all->data,
      all->len / width, width, error);
}

typedef struct {
  GArray *tensors;  /* VattTensorInfo */
  GPtrArray *owned; /* names and shapes */
} Tensors;

static void
add_tensor (Tensors *to, char *name, VattDtype dtype, guint64 rows,
    guint64 width, const GArray *data)
{
  guint64 *shape = g_new (guint64, 2);
  shape[0] = rows;
  shape[1] = width;
  const VattTensorInfo info = { .name = name,
    .dtype = dtype,
    .rank = width ? 2 : 1,
    .shape = shape,
    .size = (gsize)data->len * g_array_get_element_size ((GArray *)data),
    .data = data->data };
  g_ptr_array_add (to->owned, name);
  g_ptr_array_add (to->owned, shape);
  g_array_append_val (to->tensors, info);
}

/* Doubles first, so that everything is aligned. */
static gboolean
write_safetensors (const char *out, GArray *files,
    const VattMediaParams *params, GError **error)
{
  g_autoptr (GArray) tensors =
      g_array_new (FALSE, FALSE, sizeof (VattTensorInfo));
  g_autoptr (GPtrArray) owned = g_ptr_array_new_with_free_func (g_free);
  Tensors to = { tensors, owned };
  for (guint pass = 0; pass < 2; pass++)
    for (guint f = 0; f < files->len; f++) {
      const File *file = &g_array_index (files, File, f);
      g_autofree char *path = g_filename_display_name (file->path);
      for (guint s = 0; s < file->streams->len; s++) {
        const VattMediaStream *stream = g_ptr_array_index (file->streams, s);
        g_autofree char *name = g_strconcat (
            path, "/", vatt_modality_name (stream->modality), NULL);
        guint64 rows = stream->start->len;
        if (pass == 0) {
          add_tensor (&to, g_strconcat (name, ".start", NULL), VATT_DTYPE_F64,
              rows, 0, stream->start);
          add_tensor (&to, g_strconcat (name, ".end", NULL), VATT_DTYPE_F64,
              rows, 0, stream->end);
        } else
          add_tensor (&to, g_strdup (name), VATT_DTYPE_F32, rows, stream->width,
              stream->values);
      }
    }
  g_autoptr (GHashTable) metadata = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_insert (metadata, (gpointer) "vatt.model-id",
      (gpointer)vatt_model_get_id (params->model));
  g_hash_table_insert (
      metadata, (gpointer) "vatt.space", (gpointer)params->space);
  return vatt_tensor_file_write (out,
      (const VattTensorInfo *)(const void *)tensors->data, tensors->len,
      metadata, error);
}

static gboolean
write_files (const char *out, Format format, GArray *files,
    const VattMediaParams *params, GError **error)
{
  switch (format) {
  case FORMAT_NPY:
    return write_npy (out, files, error);
  case FORMAT_SAFETENSORS:
    return write_safetensors (out, files, params, error);
  case FORMAT_TSV:
    break;
  }
  return write_tsv (out, files, error);
}

/* ---- the command ---- */

static void
print_notes (const char *path, const char *notes)
{
  g_auto (GStrv) lines = g_strsplit (notes, "\n", -1);
  for (char **line = lines; *line; line++)
    if (**line)
      g_printerr ("vatt embed: %s: %s\n", path, *line);
}

static gboolean
print_file (const File *file)
{
  g_autoptr (GString) table = g_string_new (NULL);
  append_rows (table, file);
  if (fputs (table->str, stdout) >= 0 && fflush (stdout) == 0)
    return TRUE;
  g_printerr ("vatt embed: standard output: %s\n", g_strerror (errno));
  return FALSE;
}

/* Embeds every file; what fails is named and passed over. */
static gboolean
embed_all (
    char **paths, const VattMediaParams *params, gboolean print, GArray *files)
{
  gboolean good = TRUE;
  for (char **path = paths; *path; path++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *notes = NULL;
    GPtrArray *streams = vatt_media_embed (*path, params, &notes, &error);
    print_notes (*path, notes);
    if (!streams) {
      g_printerr ("vatt embed: %s: %s\n", *path, error->message);
      good = FALSE;
      continue;
    }
    File file = { g_strdup (*path), streams };
    if (!print) {
      g_array_append_val (files, file);
      continue;
    }
    good &= print_file (&file);
    file_clear (&file);
  }
  return good;
}

static VattExit
embed_command (int argc, char **argv)
{
  g_autofree char *out = NULL, *space = NULL, *modality = NULL, *device = NULL,
                  *weights = NULL;
  double hop = 0;
  int threads = 0;
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &out,
        "Write to this file: .tsv, .npy or .safetensors (a table to stdout)",
        "FILE" },
    { "space", 0, 0, G_OPTION_ARG_STRING, &space,
        "none, va (video and audio) or vt (video and text) (none)", "SPACE" },
    { "modality", 'm', 0, G_OPTION_ARG_STRING, &modality,
        "Only these of video, audio, text, separated by commas", "LIST" },
    { "hop", 0, 0, G_OPTION_ARG_DOUBLE, &hop,
        "From one window to the next (the length of a window)", "SECONDS" },
    { "threads", 0, 0, G_OPTION_ARG_INT, &threads,
        "Threads that compute (one per processor)", "N" },
    VATT_TOOL_DEVICE (&device),
    VATT_TOOL_WEIGHTS (&weights),
    { NULL },
  };
  g_auto (GStrv) words = NULL;
  if (!vatt_tool_parse (
          &vatt_command_embed, entries, argc, argv, 2, G_MAXUINT, &words))
    return VATT_EXIT_USAGE;
  Format format;
  VattMediaParams params = { .model_file = words[0],
    .space = space ? space : "none",
    .hop = hop,
    .threads = (guint)threads,
    .device = device ? device : "auto",
    .weights = weights ? weights : "f32",
    .progress = isatty (STDERR_FILENO) };
  g_autoptr (GError) error = NULL;
  if (!parse_format (out, &format))
    return vatt_tool_misuse (&vatt_command_embed,
        "output '%s', expected a name that ends with .tsv, .npy or "
        ".safetensors",
        out);
  if (!parse_space (params.space, &params.output))
    return vatt_tool_misuse (&vatt_command_embed,
        "space '%s', expected none, va or vt", params.space);
  VattWeightStorage storage;
  if (!vatt_tool_parse_weights (weights, &storage, &error) ||
      !parse_modalities (modality, params.modality, &error))
    return vatt_tool_misuse (&vatt_command_embed, "%s", error->message);
  if (!(hop >= 0 && hop <= 86400) || threads < 0 || threads > 1024)
    return vatt_tool_misuse (&vatt_command_embed,
        "--hop from 0 to 86400 and --threads from 0 to 1024 are expected");
  g_autoptr (VattModel) model = vatt_model_load (words[0], &error);
  if (!model || !vatt_media_start (&error))
    return vatt_tool_fail (&vatt_command_embed, error);
  params.model = model;
  g_autoptr (GArray) files = g_array_new (FALSE, FALSE, sizeof (File));
  g_array_set_clear_func (files, file_clear);
  gboolean good = embed_all (words + 1, &params, out == NULL, files);
  if (files->len && !write_files (out, format, files, &params, &error))
    return vatt_tool_fail (&vatt_command_embed, error);
  return good ? VATT_EXIT_DONE : VATT_EXIT_FAILED;
}

const VattCommand vatt_command_embed = {
  .name = "embed",
  .arguments = "MODEL MEDIA…",
  .summary = "Embeds video, sound and text of media files, window by window",
  .run = embed_command,
};
