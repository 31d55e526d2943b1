/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Encoders that serve what a trainer learns, while it does. */
#include "media.h"
#include "trainee.h"

#include <string.h>

#define PADS "video_0 audio_0 text_0"

static char *variant;

/* What an encoder has said. */
typedef struct {
  GstElement *pipeline;
  GstBus *bus;
  GstPad *source;
  guint windows, reloads, rejections, errors;
  guint64 next;    /* the window that is to come */
  GHashTable *ids; /* of models that computed something */
} Server;

static Server *
server_new (const char *line, GstElement *pipeline)
{
  g_autoptr (GError) error = NULL;
  Server *self = g_new0 (Server, 1);
  GstElement *encoder = gst_parse_launch (line, &error);
  g_assert_no_error (error);
  self->pipeline =
      pipeline ? gst_object_ref (pipeline) : gst_pipeline_new (NULL);
  gst_bin_add (GST_BIN (self->pipeline), encoder);
  self->bus = gst_element_get_bus (self->pipeline);
  self->source = gst_object_ref_sink (gst_pad_new ("served", GST_PAD_SRC));
  g_autoptr (GstPad) sink = gst_element_request_pad_simple (encoder, "video_0");
  g_assert_cmpint (gst_pad_link (self->source, sink), ==, GST_PAD_LINK_OK);
  gst_pad_set_active (self->source, TRUE);
  self->ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

static void
server_free (Server *self)
{
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_pad_set_active (self->source, FALSE);
  gst_object_unref (self->source);
  gst_object_unref (self->bus);
  gst_object_unref (self->pipeline);
  g_hash_table_unref (self->ids);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Server, server_free)

static void
note (Server *self, GstMessage *message)
{
  const GstStructure *structure = gst_message_get_structure (message);
  guint64 window;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    self->errors++;
  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ELEMENT)
    return;
  if (gst_structure_has_name (structure, "vatt-model")) {
    const char *event = gst_structure_get_string (structure, "event");
    self->reloads += g_strcmp0 (event, "reloaded") == 0;
    self->rejections += g_strcmp0 (event, "rejected") == 0;
  }
  if (!gst_structure_has_name (structure, "vatt-embedding"))
    return;
  g_assert_true (gst_structure_get_uint64 (structure, "window", &window));
  g_assert_cmpuint (window, ==, self->next++);
  self->windows++;
  g_hash_table_add (
      self->ids, g_strdup (gst_structure_get_string (structure, "model-id")));
}

static void
pump (Server *self, gint64 milliseconds)
{
  gint64 end = g_get_monotonic_time () + milliseconds * 1000;
  gint64 left;
  while ((left = end - g_get_monotonic_time ()) >= 0) {
    g_autoptr (GstMessage) message =
        gst_bus_timed_pop (self->bus, (GstClockTime)left * 1000);
    if (message)
      note (self, message);
  }
}

static void
begin (Server *self, Trainee *t)
{
  g_autoptr (GstCaps) caps =
      gst_pad_get_current_caps (trainee_pad (t, "video_0"));
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (self->source, gst_event_new_stream_start ("served"));
  gst_pad_push_event (self->source, gst_event_new_caps (caps));
  gst_pad_push_event (self->source, gst_event_new_segment (&segment));
}

/* Trains, and has windows computed all the while, until models have changed. */
static void
train_and_serve (Trainee *t, Server *server, guint reloads)
{
  guint served = 0;
  gint64 end = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;
  for (guint i = 0; server->reloads < reloads; i++) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    trainee_push_all (t, i, 1);
    if (i % 4 == 0) {
      GstBuffer *window =
          trainee_window (server->source, i, served * SPAN, SPAN);
      GST_BUFFER_OFFSET (window) = served++;
      g_assert_cmpint (gst_pad_push (server->source, window), ==, GST_FLOW_OK);
    }
    pump (server, 1);
  }
  while (server->windows < served) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    pump (server, 10);
  }
  g_assert_cmpuint (server->errors, ==, 0);
  g_assert_cmpuint (g_hash_table_size (server->ids), >=, 2);
}

static Trainee *
make (const char *settings)
{
  g_autofree char *all = g_strdup_printf (
      "variant=%s weight-audio-text=1 batch-size=4 steps=1000000 %s", variant,
      settings);
  return trainee_new (all, PADS);
}

/* In one pipeline, whoever is the first there. */
static void
test_same_pipeline (void)
{
  g_autoptr (Trainee) t = make ("publish-every=5");
  g_autoptr (Server) server = server_new (
      "vattencoder device=cpu model=trainer:t follow=true", t->pipeline);
  trainee_play (t);
  begin (server, t);
  train_and_serve (t, server, 2);
}

static void
test_other_pipeline (void)
{
  g_autoptr (Trainee) t = make ("publish-every=5");
  g_autoptr (Server) server =
      server_new ("vattencoder device=cpu model=trainer:t follow=true", NULL);
  trainee_play (t);
  g_assert_cmpint (gst_element_set_state (server->pipeline, GST_STATE_PLAYING),
      !=, GST_STATE_CHANGE_FAILURE);
  begin (server, t);
  train_and_serve (t, server, 2);
}

/* What another process would do. */
static void
test_folder (void)
{
  g_autofree char *folder = trainee_folder ("served");
  g_autofree char *settings =
      g_strdup_printf ("checkpoint-dir=%s checkpoint-every=5", folder);
  g_autofree char *line =
      g_strdup_printf ("vattencoder device=cpu model=%s follow=true", folder);
  g_autoptr (Trainee) t = make (settings);
  trainee_play (t);
  trainee_push_all (t, 0, 40);
  while (t->checkpoints->len == 0)
    trainee_pump (t, 10);
  g_autoptr (Server) server = server_new (line, NULL);
  g_assert_cmpint (gst_element_set_state (server->pipeline, GST_STATE_PLAYING),
      !=, GST_STATE_CHANGE_FAILURE);
  begin (server, t);
  for (guint i = 0; i < t->sources->len; i++)
    gst_pad_push_event (t->sources->pdata[i], gst_event_new_flush_start ());
  for (guint i = 0; i < t->sources->len; i++) {
    gst_pad_push_event (t->sources->pdata[i], gst_event_new_flush_stop (TRUE));
    trainee_begin (t, GST_PAD_NAME (t->sources->pdata[i]));
  }
  train_and_serve (t, server, 1);
}

/* It cannot begin, and says why in one error. */
static void
assert_refused (Server *server, const char *word)
{
  g_assert_cmpint (gst_element_set_state (server->pipeline, GST_STATE_PLAYING),
      ==, GST_STATE_CHANGE_FAILURE);
  g_autoptr (GstMessage) message =
      gst_bus_timed_pop_filtered (server->bus, 0, GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  g_autoptr (GError) error = NULL;
  gst_message_parse_error (message, &error, NULL);
  if (!strstr (error->message, word))
    g_error ("'%s' is not in '%s'", word, error->message);
  pump (server, 50);
  g_assert_cmpuint (server->errors, ==, 0);
}

static void
test_no_trainer (void)
{
  g_autoptr (Server) server =
      server_new ("vattencoder device=cpu model=trainer:nobody", NULL);
  assert_refused (server, "trainer:nobody");
}

/* A trainer that cannot begin says so itself, even if its reader is first. */
static void
test_broken_trainer (void)
{
  g_autoptr (Trainee) t = trainee_new ("model=/no/such", PADS);
  g_autoptr (Server) server =
      server_new ("vattencoder name=e device=cpu model=trainer:t", t->pipeline);
  g_autoptr (GstElement) encoder =
      gst_bin_get_by_name (GST_BIN (t->pipeline), "e");
  g_assert_cmpint (gst_element_set_state (encoder, GST_STATE_READY), ==,
      GST_STATE_CHANGE_FAILURE);
  trainee_pump (t, 50);
  g_assert_cmpuint (t->errors, ==, 1);
  g_assert_nonnull (strstr (t->error, "/no/such"));
}

/* ---- two of one name ---- */

/* Sets what can be, and takes its model's id. */
static char *
ready_id (GstElement *pipeline, GstElement *element)
{
  char *id = NULL;
  g_assert_cmpint (gst_element_set_state (pipeline, GST_STATE_READY), !=,
      GST_STATE_CHANGE_FAILURE);
  g_object_get (element, "model-id", &id, NULL);
  g_assert_nonnull (id);
  return id;
}

/* Each serves its own pipeline. */
static void
test_two_pipelines (void)
{
  g_autofree char *served[2] = { NULL };
  Trainee *trainees[2];
  Server *servers[2];
  for (guint i = 0; i < 2; i++) {
    g_autofree char *seed = g_strdup_printf ("initial-seed=%u", 7 + i);
    trainees[i] = make (seed);
    servers[i] =
        server_new ("vattencoder name=e device=cpu model=trainer:t follow=true",
            trainees[i]->pipeline);
  }
  for (guint i = 0; i < 2; i++)
    gst_element_set_state (trainees[i]->sink, GST_STATE_READY);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GstElement) encoder =
        gst_bin_get_by_name (GST_BIN (servers[i]->pipeline), "e");
    served[i] = ready_id (trainees[i]->pipeline, encoder);
    g_autofree char *own = ready_id (trainees[i]->pipeline, trainees[i]->sink);
    g_assert_cmpstr (served[i], ==, own);
  }
  g_assert_cmpstr (served[0], !=, served[1]);
  for (guint i = 0; i < 2; i++) {
    server_free (servers[i]);
    trainee_free (trainees[i]);
  }
}

/* Elsewhere nobody knows which is meant, until one is gone. */
static void
test_two_elsewhere (void)
{
  g_autoptr (Trainee) a = make ("initial-seed=7");
  g_autoptr (Trainee) b = make ("initial-seed=8");
  g_autoptr (Server) server =
      server_new ("vattencoder name=e device=cpu model=trainer:t", NULL);
  g_autoptr (GstElement) encoder =
      gst_bin_get_by_name (GST_BIN (server->pipeline), "e");
  g_autofree char *id = ready_id (a->pipeline, a->sink);
  g_free (ready_id (b->pipeline, b->sink));
  assert_refused (server, "found 2 vatttrainsinks");
  gst_element_set_state (server->pipeline, GST_STATE_NULL);
  gst_element_set_state (b->pipeline, GST_STATE_NULL);
  g_autofree char *served = ready_id (server->pipeline, encoder);
  g_assert_cmpstr (served, ==, id);
}

/* Who follows goes on with what it has when its trainer stops, and takes the
 * model of the next one. */
static void
test_trainer_gone (void)
{
  g_autoptr (Trainee) t = make ("");
  g_autoptr (Server) server = server_new (
      "vattencoder name=e device=cpu model=trainer:t follow=true", NULL);
  g_autoptr (GstElement) encoder =
      gst_bin_get_by_name (GST_BIN (server->pipeline), "e");
  g_free (ready_id (t->pipeline, t->sink));
  trainee_play (t);
  g_assert_cmpint (gst_element_set_state (server->pipeline, GST_STATE_PLAYING),
      !=, GST_STATE_CHANGE_FAILURE);
  begin (server, t);
  gst_element_set_state (t->pipeline, GST_STATE_NULL);
  pump (server, 700);
  g_assert_cmpuint (server->rejections, ==, 0);
  g_assert_cmpuint (server->errors, ==, 0);
  g_object_set (t->sink, "initial-seed", (guint64)9, NULL);
  g_free (ready_id (t->pipeline, t->sink));
  gint64 end = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;
  for (guint i = 0; server->reloads == 0; i++) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    GstBuffer *window = trainee_window (server->source, i, i * SPAN, SPAN);
    GST_BUFFER_OFFSET (window) = i;
    g_assert_cmpint (gst_pad_push (server->source, window), ==, GST_FLOW_OK);
    pump (server, 50);
  }
  g_assert_cmpuint (server->rejections, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  variant = trainee_variant ("contrast", NULL);
  g_test_add_func ("/serve/same-pipeline", test_same_pipeline);
  g_test_add_func ("/serve/other-pipeline", test_other_pipeline);
  g_test_add_func ("/serve/folder", test_folder);
  g_test_add_func ("/serve/no-trainer", test_no_trainer);
  g_test_add_func ("/serve/broken-trainer", test_broken_trainer);
  g_test_add_func ("/serve/two-pipelines", test_two_pipelines);
  g_test_add_func ("/serve/two-elsewhere", test_two_elsewhere);
  g_test_add_func ("/serve/trainer-gone", test_trainer_gone);
  int result = g_test_run ();
  g_free (variant);
  media_clear ();
  return result;
}
