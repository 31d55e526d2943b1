/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "player.h"

#include "media.h"

#include <string.h>

/* Longer than anything here takes, sanitizers included. */
#define TIMEOUT (40 * G_TIME_SPAN_SECOND)

static struct {
  char *path;
  VattModel *model;
  VattSession *session; /* computes what is expected */
} models[N_MODELS];

/* ---- models ---- */

VattModel *
models_new (const char *config_text, guint64 seed)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config =
      vatt_config_parse (config_text, -1, "test", &error);
  g_assert_no_error (error);
  VattModel *model = vatt_model_new (config, seed, NULL, &error);
  g_assert_no_error (error);
  return model;
}

/* One thread: the last digits of a product depend on how many there are. */
void
models_make (void)
{
  g_autoptr (GError) error = NULL;
  const VattDeviceParams device_params = { .threads = 1 };
  const VattSessionParams params = { .modality = VATT_VIDEO,
    .outputs = VATT_OUTPUT_POOLED };
  g_autoptr (VattDevice) device =
      vatt_device_new ("cpu", &device_params, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < N_MODELS; i++) {
    g_autofree char *name = g_strdup_printf ("model%u.safetensors", i);
    models[i].path = g_build_filename (media_folder (), name, NULL);
    models[i].model = models_new ("[model]\nname=small\n" SMALL_VIDEO, i + 1);
    g_assert_true (vatt_model_save (models[i].model, models[i].path, &error));
    models[i].session =
        vatt_session_new (models[i].model, device, &params, &error);
    g_assert_no_error (error);
  }
}

void
models_clear (void)
{
  for (guint i = 0; i < N_MODELS; i++) {
    g_clear_object (&models[i].session);
    g_clear_object (&models[i].model);
    g_clear_pointer (&models[i].path, g_free);
  }
}

const char *
models_path (guint index)
{
  return models[index].path;
}

const char *
models_id (guint index)
{
  return vatt_model_get_id (models[index].model);
}

void
models_read (guint index, char **bytes, gsize *size)
{
  g_assert_true (g_file_get_contents (models[index].path, bytes, size, NULL));
}

/* ---- pipelines ---- */

static GstPadProbeReturn
keep_tokens (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Player *self = data;
  g_mutex_lock (&self->lock);
  g_ptr_array_add (
      self->tokens, gst_buffer_ref (GST_PAD_PROBE_INFO_BUFFER (info)));
  g_mutex_unlock (&self->lock);
  return GST_PAD_PROBE_OK;
}

Player *
player_new_from (const char *description)
{
  g_autoptr (GError) error = NULL;
  Player *self = g_new0 (Player, 1);
  self->pipeline = gst_parse_launch (description, &error);
  g_assert_no_error (error);
  self->encoder = gst_bin_get_by_name (GST_BIN (self->pipeline), "e");
  self->bus = gst_element_get_bus (self->pipeline);
  g_mutex_init (&self->lock);
  self->tokens =
      g_ptr_array_new_with_free_func ((GDestroyNotify)gst_buffer_unref);
  self->results =
      g_ptr_array_new_with_free_func ((GDestroyNotify)gst_structure_free);
  self->events =
      g_ptr_array_new_with_free_func ((GDestroyNotify)gst_structure_free);
  return self;
}

/* A window about every 10 ms. It is no live source: none is left out. */
Player *
player_new (const char *properties)
{
  g_autofree char *line = g_strdup_printf (
      "videotestsrc name=s pattern=ball ! "
      "video/x-raw,width=32,height=32,framerate=100/1 ! identity sleep-time=8000 ! "
      "vattvideotok hop=10000000 ! vattencoder name=e device=cpu threads=1 "
      "%s",
      properties);
  Player *self = player_new_from (line);
  g_autoptr (GstPad) pad =
      gst_element_get_static_pad (self->encoder, "video_0");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, keep_tokens, self, NULL);
  return self;
}

void
player_free (Player *self)
{
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_object_unref (self->encoder);
  gst_object_unref (self->bus);
  gst_object_unref (self->pipeline);
  g_ptr_array_unref (self->tokens);
  g_ptr_array_unref (self->results);
  g_ptr_array_unref (self->events);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
player_play (Player *self)
{
  g_assert_cmpint (gst_element_set_state (self->pipeline, GST_STATE_PLAYING),
      !=, GST_STATE_CHANGE_FAILURE);
}

static void
take_error (Player *self, GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  gst_message_parse_error (message, &error, NULL);
  g_test_message ("error: %s", error->message);
  self->errors++;
}

static void
take_warning (Player *self, GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  gst_message_parse_warning (message, &error, NULL);
  g_test_message ("warning: %s", error->message);
  self->warnings++;
}

static void
take_message (Player *self, GstMessage *message)
{
  const GstStructure *structure = gst_message_get_structure (message);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    take_error (self, message);
  else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING)
    take_warning (self, message);
  else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
    self->eos = TRUE;
  else if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ELEMENT)
    return;
  else if (gst_structure_has_name (structure, "vatt-embedding"))
    g_ptr_array_add (self->results, gst_structure_copy (structure));
  else if (gst_structure_has_name (structure, "vatt-model"))
    g_ptr_array_add (self->events, gst_structure_copy (structure));
}

/* Takes messages for that long, or the first one within the time limit. */
void
player_pump (Player *self, gint64 milliseconds)
{
  gint64 end = g_get_monotonic_time () + milliseconds * 1000;
  gint64 left;
  while ((left = end - g_get_monotonic_time ()) > 0) {
    g_autoptr (GstMessage) message =
        gst_bus_timed_pop (self->bus, (GstClockTime)left * GST_USECOND);
    if (message)
      take_message (self, message);
  }
}

static void
pump_one (Player *self, gint64 end)
{
  gint64 left = end - g_get_monotonic_time ();
  g_assert_cmpint (left, >, 0);
  g_autoptr (GstMessage) message =
      gst_bus_timed_pop (self->bus, (GstClockTime)left * GST_USECOND);
  g_assert_nonnull (message);
  take_message (self, message);
}

void
player_wait_windows (Player *self, guint more)
{
  gint64 end = g_get_monotonic_time () + TIMEOUT;
  guint wanted = self->results->len + more;
  while (self->results->len < wanted)
    pump_one (self, end);
}

/* Drops events up to the first such one; returns a field of it, good until
 * the next call. */
const char *
player_wait_event (Player *self, const char *event, const char *field)
{
  gint64 end = g_get_monotonic_time () + TIMEOUT;
  static char *value;
  for (;;) {
    while (self->events->len == 0)
      pump_one (self, end);
    GstStructure *first = g_ptr_array_steal_index (self->events, 0);
    gboolean found =
        g_strcmp0 (gst_structure_get_string (first, "event"), event) == 0;
    g_test_message ("%s: %s, %s", gst_structure_get_string (first, "event"),
        gst_structure_get_string (first, "model-id"),
        gst_structure_get_string (first, "reason"));
    g_free (value);
    value = g_strdup (gst_structure_get_string (first, field));
    g_assert_cmpstr (gst_structure_get_string (first, "device"), ==, "cpu");
    gst_structure_free (first);
    if (found)
      return value;
  }
}

void
player_wait_eos (Player *self)
{
  gint64 end = g_get_monotonic_time () + TIMEOUT;
  while (!self->eos)
    pump_one (self, end);
}

void
player_set_model (Player *self, const char *path)
{
  g_object_set (self->encoder, "model", path, NULL);
}

char *
player_model_id (Player *self)
{
  char *id = NULL;
  g_object_get (self->encoder, "model-id", &id, NULL);
  return id;
}

/* ---- proof ---- */

static VattSession *
session_of (const char *id)
{
  for (guint i = 0; i < N_MODELS; i++)
    if (g_strcmp0 (models_id (i), id) == 0)
      return models[i].session;
  g_error ("no model is '%s'", id);
}

/* Exactly what the library gives for the same tokens. */
static void
check_window (GstBuffer *tokens, const GstStructure *result)
{
  g_autoptr (GError) error = NULL;
  const char *id = gst_structure_get_string (result, "model-id");
  VattSession *session = session_of (id);
  const guint grid[3] = { 2, 2, 2 };
  const guint token_size = 4 * 16 * 16 * 3;
  GstMapInfo map;
  g_assert_true (gst_buffer_map (tokens, &map, GST_MAP_READ));
  g_autoptr (GBytes) bytes = g_bytes_new (map.data, map.size);
  gst_buffer_unmap (tokens, &map);
  g_autoptr (VattClip) clip = vatt_clip_new_from_bytes (
      VATT_VIDEO, 1, grid, token_size, 8, NULL, bytes, &error);
  g_assert_no_error (error);
  g_assert_true (vatt_session_run (session, clip, NULL, &error));
  const float *expected =
      vatt_session_get_output (session, VATT_OUTPUT_POOLED, NULL);
  const GValue *array = gst_structure_get_value (result, "embedding");
  g_assert_cmpuint (gst_value_array_get_size (array), ==, 32);
  for (guint i = 0; i < 32; i++)
    g_assert_cmpfloat (g_value_get_float (gst_value_array_get_value (array, i)),
        ==, expected[i]);
}

/* No window is lost, or there twice, and each is what its model makes of it. */
void
player_check_windows (Player *self)
{
  g_assert_cmpuint (self->errors, ==, 0);
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->results->len; i++) {
    const GstStructure *result = g_ptr_array_index (self->results, i);
    GstBuffer *tokens = g_ptr_array_index (self->tokens, i);
    guint64 window;
    g_assert_true (gst_structure_get_uint64 (result, "window", &window));
    g_assert_cmpuint (window, ==, i);
    g_assert_cmpuint (GST_BUFFER_OFFSET (tokens), ==, i);
    check_window (tokens, result);
  }
  g_mutex_unlock (&self->lock);
  g_test_message ("%u windows", self->results->len);
}
