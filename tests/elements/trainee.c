/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trainee.h"

#include "media.h"

#include <string.h>

#define TIMEOUT (60 * G_TIME_SPAN_SECOND)
#define N_THINGS 8

static const char towers[] =
    "[video]\ninput=voxels\nframes=4\nheight=16\nwidth-of-picture=16\n"
    "rate=10\npatch=4;8;8\nbuckets=1;2;2\nlayers=1\nwidth=16\nheads=2\n"
    "head-width=8\nfeed-forward=32\n"
    "[audio]\ninput=wave\nsamples=256\nrate=640\npatch=64\nbuckets=4\n"
    "layers=1\nwidth=16\nheads=2\nhead-width=8\nfeed-forward=32\n"
    "[text]\ninput=words\nwords=4\nvocabulary=16\nembedding=8\nwidth=16\n"
    "pre-projection=16\npositions=none\naggregation=max\n";
static const char contrast[] =
    "[head]\nkind=fac\nva-width=16\nvt-width=16\naudio-norm=true\n"
    "audio-text=true\n";

/* ---- files ---- */

/* Returns: (transfer full): a folder that is not there yet */
char *
trainee_folder (const char *name)
{
  return g_build_filename (media_folder (), name, NULL);
}

/* Writes a configuration; @head NULL: for contrast. Returns its path. */
char *
trainee_variant (const char *name, const char *head)
{
  const char *kept = strstr (towers, "[audio]");
  g_autofree char *text = NULL;
  if (!head)
    text = g_strdup_printf ("[model]\nname=%s\n%s%s", name, towers, contrast);
  else /* pictures alone */
    text = g_strdup_printf (
        "[model]\nname=%s\n%.*s%s", name, (int)(kept - towers), towers, head);
  g_autofree char *file = g_strconcat (name, ".ini", NULL);
  return media_write (file, text, strlen (text));
}

/* Returns: (transfer full): the path of an untrained model for contrast */
char *
trainee_model (const char *name, guint64 seed)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *variant = trainee_variant (name, NULL);
  g_autofree char *file = g_strconcat (name, ".safetensors", NULL);
  char *path = g_build_filename (media_folder (), file, NULL);
  g_autoptr (VattConfig) config = vatt_config_load (variant, &error);
  g_assert_no_error (error);
  g_autoptr (VattModel) model = vatt_model_new (config, seed, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (vatt_model_save (model, path, &error));
  return path;
}

void
trainee_assert_same_file (const char *path, const char *other)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *a = NULL, *b = NULL;
  gsize n, m;
  g_file_get_contents (path, &a, &n, &error);
  g_assert_no_error (error);
  g_file_get_contents (other, &b, &m, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (a, n, b, m);
}

/* ---- the pipeline ---- */

/* Requests the pad @name of the trainer and links a source to it. */
void
trainee_add (Trainee *self, const char *name)
{
  GstPad *source = gst_pad_new (name, GST_PAD_SRC);
  GstPad *sink = gst_element_request_pad_simple (self->sink, name);
  g_assert_nonnull (sink);
  g_assert_cmpstr (GST_PAD_NAME (sink), ==, name);
  g_assert_cmpint (gst_pad_link (source, sink), ==, GST_PAD_LINK_OK);
  gst_object_unref (sink);
  gst_pad_set_active (source, TRUE);
  g_ptr_array_add (self->sources, gst_object_ref_sink (source));
}

/* @pads: names with blanks between */
Trainee *
trainee_new (const char *properties, const char *pads)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_strdup_printf ("vatttrainsink name=t device=cpu "
                                           "threads=1 learning-rate=0.01 "
                                           "dropout=0 warmup-steps=0 %s",
      properties);
  Trainee *self = g_new0 (Trainee, 1);
  self->pipeline = gst_pipeline_new (NULL);
  self->sink = gst_parse_launch (line, &error);
  g_assert_no_error (error);
  gst_bin_add (GST_BIN (self->pipeline), self->sink);
  self->bus = gst_element_get_bus (self->pipeline);
  self->sources = g_ptr_array_new_with_free_func (gst_object_unref);
  self->steps =
      g_ptr_array_new_with_free_func ((GDestroyNotify)gst_structure_free);
  self->checkpoints =
      g_ptr_array_new_with_free_func ((GDestroyNotify)gst_structure_free);
  g_auto (GStrv) names = g_strsplit (pads, " ", -1);
  for (guint i = 0; names[i]; i++)
    trainee_add (self, names[i]);
  return self;
}

/* The other way round. */
void
trainee_remove (Trainee *self, const char *name)
{
  GstPad *source = trainee_pad (self, name);
  GstPad *sink = gst_pad_get_peer (source);
  gst_pad_unlink (source, sink);
  gst_element_release_request_pad (self->sink, sink);
  gst_object_unref (sink);
  gst_pad_set_active (source, FALSE);
  g_ptr_array_remove (self->sources, source);
}

void
trainee_free (Trainee *self)
{
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  for (guint i = 0; i < self->sources->len; i++)
    gst_pad_set_active (self->sources->pdata[i], FALSE);
  g_ptr_array_unref (self->sources);
  g_ptr_array_unref (self->steps);
  g_ptr_array_unref (self->checkpoints);
  g_clear_pointer (&self->done, gst_structure_free);
  g_free (self->error);
  g_free (self->warning);
  gst_object_unref (self->bus);
  gst_object_unref (self->pipeline);
  g_free (self);
}

/* ---- what it says ---- */

static void
take_structure (Trainee *self, const GstStructure *structure)
{
  const char *event = gst_structure_get_string (structure, "event");
  if (gst_structure_has_name (structure, "vatt-checkpoint"))
    g_ptr_array_add (self->checkpoints, gst_structure_copy (structure));
  else if (g_strcmp0 (event, "step") == 0)
    g_ptr_array_add (self->steps, gst_structure_copy (structure));
  else if (g_strcmp0 (event, "done") == 0)
    gst_structure_take (&self->done, gst_structure_copy (structure));
}

static void
take_message (Trainee *self, GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_ELEMENT:
    take_structure (self, gst_message_get_structure (message));
    break;
  case GST_MESSAGE_ERROR:
    gst_message_parse_error (message, &error, NULL);
    if (self->errors++ == 0) {
      self->error = g_strdup (error->message);
      self->domain = error->domain;
      self->code = error->code;
    }
    break;
  case GST_MESSAGE_WARNING:
    gst_message_parse_warning (message, &error, NULL);
    if (self->warnings++ == 0)
      self->warning = g_strdup (error->message);
    break;
  case GST_MESSAGE_QOS:
    self->qos++;
    break;
  case GST_MESSAGE_EOS:
    self->eos = TRUE;
    self->ends++;
    self->end_seqnum = gst_message_get_seqnum (message);
    break;
  case GST_MESSAGE_STREAM_START:
    self->stream_starts++;
    break;
  case GST_MESSAGE_SEGMENT_DONE:
    self->segment_dones++;
    break;
  case GST_MESSAGE_ASYNC_DONE:
    self->async_dones++;
    break;
  default:
    break;
  }
}

/* Notes what is said for so long. */
void
trainee_pump (Trainee *self, gint64 milliseconds)
{
  gint64 end = g_get_monotonic_time () + milliseconds * 1000;
  gint64 left;
  while ((left = end - g_get_monotonic_time ()) >= 0) {
    g_autoptr (GstMessage) message =
        gst_bus_timed_pop (self->bus, (GstClockTime)left * 1000);
    if (message)
      take_message (self, message);
  }
}

/* Until the end, or an error. */
void
trainee_wait (Trainee *self)
{
  gint64 end = g_get_monotonic_time () + TIMEOUT;
  while (!self->eos && self->errors == 0) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    trainee_pump (self, 10);
  }
}

void
trainee_wait_steps (Trainee *self, guint n)
{
  gint64 end = g_get_monotonic_time () + TIMEOUT;
  while (self->steps->len < n) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_assert_cmpstr (self->error, ==, NULL);
    trainee_pump (self, 10);
  }
}

/* Exactly one, of @domain and with @word in its text. */
void
trainee_assert_error (const Trainee *self, GQuark domain, const char *word)
{
  g_assert_cmpuint (self->errors, ==, 1);
  g_assert_true (self->domain == domain);
  if (!strstr (self->error, word))
    g_error ("'%s' is not in '%s'", word, self->error);
}

double
trainee_number (const GstStructure *structure, const char *field)
{
  double number;
  g_assert_nonnull (structure);
  g_assert_true (gst_structure_get_double (structure, field, &number));
  return number;
}

/* A number of the element's statistics, as they are now. */
guint64
trainee_count (Trainee *self, const char *field)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 count;
  g_object_get (self->sink, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint64 (stats, field, &count));
  return count;
}

/* ---- streams ---- */

void
trainee_play (Trainee *self)
{
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  for (guint i = 0; i < self->sources->len; i++)
    trainee_begin (self, GST_PAD_NAME (self->sources->pdata[i]));
}

GstPad *
trainee_pad (Trainee *self, const char *name)
{
  for (guint i = 0; i < self->sources->len; i++)
    if (g_str_equal (GST_PAD_NAME (self->sources->pdata[i]), name))
      return self->sources->pdata[i];
  g_assert_not_reached ();
}

/* Caps of whole windows, as the trainer wants them most. */
static GstCaps *
whole_windows (GstCaps *wanted)
{
  GstCaps *caps = gst_caps_truncate (gst_caps_copy (wanted));
  gint t = 1, h = 1, w = 1;
  gst_structure_get (gst_caps_get_structure (caps, 0), "grid-t", G_TYPE_INT, &t,
      "grid-h", G_TYPE_INT, &h, "grid-w", G_TYPE_INT, &w, NULL);
  gst_caps_set_simple (caps, "tokens", G_TYPE_INT, t * h * w, NULL);
  return gst_caps_fixate (caps);
}

/* What goes before the first window. */
void
trainee_begin (Trainee *self, const char *name)
{
  GstPad *pad = trainee_pad (self, name);
  g_autofree char *id = g_strconcat ("test/", name, NULL);
  g_autoptr (GstCaps) wanted = gst_pad_peer_query_caps (pad, NULL);
  GstSegment segment;
  if (gst_caps_is_empty (wanted) || gst_caps_is_any (wanted))
    return;
  g_autoptr (GstCaps) caps = whole_windows (wanted);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (pad, gst_event_new_stream_start (id));
  gst_pad_push_event (pad, gst_event_new_caps (caps));
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
}

/* A window that says what its number is modulo eight. */
GstBuffer *
trainee_window (
    GstPad *pad, guint number, GstClockTime start, GstClockTime span)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  g_assert_nonnull (caps);
  gint tokens = 0, size = 1;
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  gst_structure_get_int (structure, "tokens", &tokens);
  gst_structure_get_int (structure, "token-size", &size);
  guint n = (guint)(tokens * size), thing = number % N_THINGS;
  gboolean text =
      g_strcmp0 (gst_structure_get_string (structure, "modality"), "text") == 0;
  g_autoptr (GRand) rand = g_rand_new_with_seed (1000 + thing);
  gint32 *values = g_new (gint32, n);
  for (guint i = 0; i < n; i++) {
    float value = (float)g_rand_double_range (rand, -1, 1);
    gint32 id = (gint32)(2 + thing);
    memcpy (&values[i], text ? (void *)&id : (void *)&value, 4);
  }
  GstBuffer *buffer = gst_buffer_new_wrapped (values, n * sizeof *values);
  GST_BUFFER_PTS (buffer) = start;
  GST_BUFFER_DURATION (buffer) = span;
  return buffer;
}

/* Window number @number of a pad, at its time. */
GstFlowReturn
trainee_push (Trainee *self, const char *name, guint number)
{
  GstPad *pad = trainee_pad (self, name);
  return gst_pad_push (pad, trainee_window (pad, number, number * SPAN, SPAN));
}

/* The same, as clip @number of a data set, which has @label. */
void
trainee_push_labelled (
    Trainee *self, const char *name, guint number, const char *label)
{
  GstPad *pad = trainee_pad (self, name);
  GstBuffer *buffer = trainee_window (pad, number, number * SPAN, SPAN);
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer, "GstVattClipMeta");
  gst_structure_set (gst_custom_meta_get_structure (meta), "clip",
      G_TYPE_UINT64, (guint64)number, "label", G_TYPE_STRING, label, NULL);
  gst_pad_push (pad, buffer);
}

/* Windows of all pads, by turns. */
void
trainee_push_all (Trainee *self, guint first, guint count)
{
  for (guint i = first; i < first + count; i++)
    for (guint p = 0; p < self->sources->len; p++)
      trainee_push (self, GST_PAD_NAME (self->sources->pdata[p]), i);
}

void
trainee_end (Trainee *self, const char *name)
{
  gst_pad_push_event (trainee_pad (self, name), gst_event_new_eos ());
}

void
trainee_end_all (Trainee *self)
{
  for (guint p = 0; p < self->sources->len; p++)
    trainee_end (self, GST_PAD_NAME (self->sources->pdata[p]));
}
