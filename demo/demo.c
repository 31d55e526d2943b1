/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * demo FILE FOLDER: embeds picture and sound of a clip window by window, says
 * how alike the windows are, and writes FOLDER/NAME.tsv and FOLDER/NAME.svg.
 *
 * decodebin, and behind the first stream of picture and of sound
 * queue ! tokeniser ! vattencoder. The encoders are the ends of the pipeline:
 * their embeddings arrive as messages on the bus. */
#include "heatmap.h"

#include <vatt/vatt.h>
#include <gst/gst.h>
#include <math.h>
#include <string.h>

/* Shorter than a window, so that a short clip gives many. */
#define HOP (400 * GST_MSECOND)

typedef struct {
  double start, end; /* seconds */
  double norm;
  float *values; /* owned */
} Window;

typedef struct {
  GstElement *pipeline;
  const char *space;  /* of the embeddings */
  gint taken[2];      /* streams connected; VATT_VIDEO, VATT_AUDIO */
  GArray *windows[2]; /* Window */
  guint dim;
} Demo;

static const char *const media_types[] = { "video/x-raw", "audio/x-raw" };

static void
window_clear (gpointer window)
{
  g_free (((Window *)window)->values);
}

static double
cosine (const Window *a, const Window *b, guint dim)
{
  double sum = 0, length = a->norm * b->norm;
  for (guint i = 0; i < dim; i++)
    sum += (double)a->values[i] * (double)b->values[i];
  return length > 0 ? sum / length : 0;
}

/* ---- the pipeline ---- */

static GstElement *
add (Demo *demo, const char *factory)
{
  GstElement *element = gst_element_factory_make (factory, NULL);
  if (element)
    gst_bin_add (GST_BIN (demo->pipeline), element);
  else
    GST_ELEMENT_ERROR (demo->pipeline, CORE, MISSING_PLUGIN,
        ("GStreamer has no element '%s'", factory), (NULL));
  return element;
}

static void
on_pad_added (GstElement *decoder, GstPad *pad, gpointer user_data)
{
  Demo *demo = user_data;
  g_autoptr (GstCaps) caps = gst_pad_query_caps (pad, NULL);
  const char *name = gst_structure_get_name (gst_caps_get_structure (caps, 0));
  guint m = 0;
  while (
      m < 2 && (strcmp (name, media_types[m]) != 0 ||
                   !g_atomic_int_compare_and_exchange (&demo->taken[m], 0, 1)))
    m++;
  const char *const factories[][4] = {
    { "queue", "vattvideotok", "vattencoder", NULL },
    { "queue", "vattaudiotok", "vattencoder", NULL },
    { "fakesink", NULL },
  };
  GstElement *chain[3] = { NULL };
  guint n = 0;
  for (; factories[m][n]; n++)
    if (!(chain[n] = add (demo, factories[m][n])) ||
        (n > 0 && !gst_element_link (chain[n - 1], chain[n])))
      return;
  if (m < 2) {
    g_object_set (chain[1], "hop", HOP, NULL);
    gst_util_set_object_arg (G_OBJECT (chain[2]), "space", demo->space);
  } else
    g_object_set (chain[0], "sync", FALSE, "async", FALSE, NULL);
  while (n-- > 0)
    gst_element_sync_state_with_parent (chain[n]);
  g_autoptr (GstPad) sink = gst_element_get_static_pad (chain[0], "sink");
  gst_pad_link (pad, sink);
}

/* What a vatt-embedding message holds, and what it resembles. */
static void
take_message (Demo *demo, const GstStructure *message)
{
  const char *modality = gst_structure_get_string (message, "modality");
  guint m = strcmp (modality, "video") == 0 ? VATT_VIDEO : VATT_AUDIO;
  const GValue *array = gst_structure_get_value (message, "embedding");
  guint64 start = 0, duration = 0;
  Window window = { 0 };
  gst_structure_get_uint64 (message, "stream-time", &start);
  gst_structure_get_uint64 (message, "duration", &duration);
  gst_structure_get_double (message, "norm", &window.norm);
  demo->dim = gst_value_array_get_size (array);
  window.start = (double)start / GST_SECOND;
  window.end = window.start + (double)duration / GST_SECOND;
  window.values = g_new (float, demo->dim);
  for (guint i = 0; i < demo->dim; i++)
    window.values[i] = g_value_get_float (gst_value_array_get_value (array, i));

  GArray *own = demo->windows[m], *other = demo->windows[!m];
  g_print ("%7.2f to %6.2f s  %-5s  norm %7.3f", window.start, window.end,
      modality, window.norm);
  if (own->len)
    g_print ("  window before %7.4f",
        cosine (
            &window, &g_array_index (own, Window, own->len - 1), demo->dim));
  else
    g_print ("  window before       -");
  guint place = own->len;
  if (strcmp (demo->space, "va") == 0 && place < other->len)
    g_print ("  video to audio %7.4f",
        cosine (&window, &g_array_index (other, Window, place), demo->dim));
  g_print ("\n");
  g_array_append_val (own, window);
}

static gboolean
play (Demo *demo, const char *path, GError **error)
{
  demo->pipeline =
      gst_parse_launch ("filesrc name=file ! decodebin name=decoder", error);
  if (!demo->pipeline)
    return FALSE;
  g_autoptr (GstElement) file =
      gst_bin_get_by_name (GST_BIN (demo->pipeline), "file");
  g_autoptr (GstElement) decoder =
      gst_bin_get_by_name (GST_BIN (demo->pipeline), "decoder");
  g_object_set (file, "location", path, NULL);
  g_signal_connect (decoder, "pad-added", G_CALLBACK (on_pad_added), demo);
  gst_element_set_state (demo->pipeline, GST_STATE_PLAYING);
  g_autoptr (GstBus) bus = gst_element_get_bus (demo->pipeline);
  gboolean done = FALSE, failed = FALSE;
  while (!done && !failed) {
    g_autoptr (GstMessage) message =
        gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
            GST_MESSAGE_ERROR | GST_MESSAGE_EOS | GST_MESSAGE_ELEMENT);
    const GstStructure *structure = gst_message_get_structure (message);
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
      done = TRUE;
    else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
      gst_message_parse_error (message, error, NULL);
      failed = TRUE;
    } else if (gst_structure_has_name (structure, "vatt-embedding"))
      take_message (demo, structure);
  }
  gst_element_set_state (demo->pipeline, GST_STATE_NULL);
  gst_object_unref (demo->pipeline);
  return done;
}

/* ---- what is left of it ---- */

static gboolean
write_table (
    const Demo *demo, const char *name, const char *path, GError **error)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_autoptr (GString) table = g_string_new (NULL);
  for (guint m = 0; m < 2; m++)
    for (guint w = 0; w < demo->windows[m]->len; w++) {
      const Window *window = &g_array_index (demo->windows[m], Window, w);
      g_string_append_printf (
          table, "%s\t%s", name, vatt_modality_name ((VattModality)m));
      g_string_append_printf (table, "\t%s",
          g_ascii_formatd (number, sizeof number, "%.3f", window->start));
      g_string_append_printf (table, "\t%s",
          g_ascii_formatd (number, sizeof number, "%.3f", window->end));
      for (guint i = 0; i < demo->dim; i++)
        g_string_append_printf (table, "\t%s",
            g_ascii_formatd (
                number, sizeof number, "%.9g", (double)window->values[i]));
      g_string_append_c (table, '\n');
    }
  return g_file_set_contents (path, table->str, (gssize)table->len, error);
}

static double *
times_of (const GArray *windows)
{
  double *times = g_new (double, windows->len);
  for (guint w = 0; w < windows->len; w++)
    times[w] = g_array_index (windows, Window, w).start;
  return times;
}

static double *
compare (const GArray *rows, const GArray *columns, guint dim)
{
  double *matrix = g_new (double, (gsize)rows->len * columns->len);
  for (guint r = 0; r < rows->len; r++)
    for (guint c = 0; c < columns->len; c++)
      matrix[(gsize)r * columns->len + c] =
          cosine (&g_array_index (rows, Window, r),
              &g_array_index (columns, Window, c), dim);
  return matrix;
}

/* Silence, mostly: there is nothing to see in a picture of it. */
static gboolean
never_changes (const GArray *windows, guint dim)
{
  for (guint w = 1; w < windows->len; w++)
    if (memcmp (g_array_index (windows, Window, w).values,
            g_array_index (windows, Window, 0).values, dim * sizeof (float)))
      return FALSE;
  return windows->len > 1;
}

static gboolean
draw (const Demo *demo, const char *name, const char *note, const char *path,
    GError **error)
{
  static const struct {
    guint row, column;
    const char *title;
  } pairs[] = { { VATT_VIDEO, VATT_VIDEO, "picture with picture" },
    { VATT_AUDIO, VATT_AUDIO, "sound with sound" },
    { VATT_VIDEO, VATT_AUDIO, "picture with sound" } };
  static const char *const axes[] = { "picture", "sound" };
  double *times[2] = { times_of (demo->windows[0]),
    times_of (demo->windows[1]) };
  double *values[G_N_ELEMENTS (pairs)] = { NULL };
  Panel panels[G_N_ELEMENTS (pairs)];
  guint n = 0;
  gboolean silent = never_changes (demo->windows[VATT_AUDIO], demo->dim);
  for (guint p = 0; p < G_N_ELEMENTS (pairs); p++) {
    const GArray *rows = demo->windows[pairs[p].row];
    const GArray *columns = demo->windows[pairs[p].column];
    if (!rows->len || !columns->len ||
        (silent && pairs[p].column == VATT_AUDIO) ||
        (rows != columns && strcmp (demo->space, "va") != 0))
      continue;
    values[n] = compare (rows, columns, demo->dim);
    panels[n] = (Panel){ pairs[p].title, axes[pairs[p].row],
      axes[pairs[p].column], times[pairs[p].row], times[pairs[p].column],
      rows->len, columns->len, values[n] };
    n++;
  }
  g_autofree char *title =
      g_strdup_printf ("%s: how alike its windows are to the model", name);
  g_autofree char *notes = g_strconcat (note,
      "\nCosine similarity of windows, by their beginnings; every panel has a "
      "scale of its own.",
      silent ? "\nThe sound is the same in every window (silence?) and not "
               "drawn."
             : "",
      NULL);
  gboolean done = heatmap_write (path, title, notes, panels, n, error);
  for (guint p = 0; p < n; p++)
    g_free (values[p]);
  g_free (times[0]);
  g_free (times[1]);
  return done;
}

static gboolean
show (Demo *demo, const char *path, const char *folder, GError **error)
{
  g_autoptr (VattModel) model = vatt_model_load_default (error);
  if (!model)
    return FALSE;
  gboolean common = vatt_config_get_output_width (vatt_model_get_config (model),
                        VATT_AUDIO, VATT_OUTPUT_VA) > 0;
  demo->space = common ? "va" : "none";
  const char *note =
      vatt_model_is_trained (model)
          ? "A trained model."
          : "The model is untrained: this shows that the pipeline works, and "
            "nothing about the clip.";
  g_print ("%s\nModel %s. %s\nSimilarities are cosines%s.\n", path,
      vatt_model_get_id (model), note,
      common ? " in the space that picture and sound share" : "");
  if (!play (demo, path, error))
    return FALSE;
  if (!demo->windows[0]->len && !demo->windows[1]->len) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "there is neither picture nor sound in it");
    return FALSE;
  }
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *base = g_build_filename (folder, name, NULL);
  char *dot = strrchr (name, '.');
  if (dot && dot != name)
    base[strlen (base) - strlen (dot)] = '\0';
  g_autofree char *table = g_strconcat (base, ".tsv", NULL);
  g_autofree char *picture = g_strconcat (base, ".svg", NULL);
  if (!write_table (demo, name, table, error) ||
      !draw (demo, name, note, picture, error))
    return FALSE;
  g_print ("Embeddings: %s\nPicture:    %s\n", table, picture);
  return TRUE;
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  if (argc != 3) {
    g_printerr ("usage: demo FILE FOLDER\n");
    return 2;
  }
  Demo demo = { 0 };
  for (guint m = 0; m < 2; m++) {
    demo.windows[m] = g_array_new (FALSE, FALSE, sizeof (Window));
    g_array_set_clear_func (demo.windows[m], window_clear);
  }
  g_autoptr (GError) error = NULL;
  gboolean done = show (&demo, argv[1], argv[2], &error);
  if (!done)
    g_printerr ("demo: %s: %s\n", argv[1], error->message);
  g_array_unref (demo.windows[0]);
  g_array_unref (demo.windows[1]);
  return done ? 0 : 1;
}
