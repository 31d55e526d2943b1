/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "labelharness.h"

#include "media.h"

#include <string.h>

const char *const plain_labels[] = { "dog", "cat", "bird", "rain", NULL };
const float dog[] = { 4, 0, 0, 0 };
const float cat[] = { 0, 3, 0, 0 };
const ClassifierSpec plain = { .name = "plain", .labels = plain_labels };
const ClassifierSpec several = {
  .name = "several", .multi_label = TRUE, .labels = plain_labels
};

char *
embedding_caps (const char *id, const char *more)
{
  return g_strdup_printf (
      "application/x-vatt-embedding, modality=(string)video, "
      "space=(string)modality, format=(string)F32LE, dim=(int)16, "
      "vectors=(int)1, normalized=(boolean)false, framerate=(fraction)5/2, "
      "model-id=(string)%s%s",
      id, more);
}

/* Without a model and caps upstream. @properties as in a launch line; @caps:
 * what is taken behind it. */
void
fixture_open_bare (Fixture *f, const char *properties, const char *caps)
{
  g_autofree char *line =
      g_strdup_printf ("vattclassifier %s", properties ? properties : "");
  *f = (Fixture){ .h = gst_harness_new_parse (line), .bus = gst_bus_new () };
  gst_element_set_bus (fixture_element (f), f->bus);
  gst_harness_set_live (f->h, FALSE);
  if (caps)
    gst_harness_set_sink_caps_str (f->h, caps);
}

/* With a model of @spec, and its embeddings. */
void
fixture_open (Fixture *f, const ClassifierSpec *spec, const char *properties,
    const char *caps)
{
  g_autofree char *path = classifier_write (spec);
  g_autofree char *id = classifier_id (path);
  g_autofree char *src = embedding_caps (id, "");
  g_autofree char *all =
      g_strdup_printf ("model=%s %s", path, properties ? properties : "");
  fixture_open_bare (f, all, caps);
  f->path = g_steal_pointer (&path);
  gst_harness_set_src_caps_str (f->h, src);
}

GstElement *
fixture_element (Fixture *f)
{
  GstElement *element = gst_harness_find_element (f->h, "vattclassifier");
  gst_object_unref (element); /* the harness has it */
  return element;
}

void
fixture_close (Fixture *f)
{
  gst_element_set_bus (fixture_element (f), NULL);
  gst_harness_teardown (f->h);
  gst_object_unref (f->bus);
  g_free (f->path);
}

GstBuffer *
make_embedding (GstClockTime time, const float *logits)
{
  float features[CLASSIFIER_WIDTH] = { 0 };
  memcpy (features, logits, CLASSIFIER_CLASSES * sizeof *logits);
  GstBuffer *buffer = gst_buffer_new_memdup (features, sizeof features);
  GST_BUFFER_PTS (buffer) = time;
  GST_BUFFER_DURATION (buffer) = CLASSIFIER_SPAN;
  return buffer;
}

GstFlowReturn
push_at (Fixture *f, GstClockTime time, const float *logits)
{
  GstBuffer *buffer = make_embedding (time, logits);
  GST_BUFFER_OFFSET (buffer) = f->window++;
  return gst_harness_push (f->h, buffer);
}

void
push (Fixture *f, const float *logits)
{
  g_assert_cmpint (push_at (f, f->window * HOP, logits), ==, GST_FLOW_OK);
}

char *
buffer_text (GstBuffer *buffer)
{
  gsize size = gst_buffer_get_size (buffer);
  char *text = g_malloc0 (size + 1);
  gst_buffer_extract (buffer, 0, text, size);
  return text;
}

char *
pull_text (Fixture *f)
{
  g_autoptr (GstBuffer) buffer = gst_harness_pull (f->h);
  g_assert_nonnull (buffer);
  return buffer_text (buffer);
}

GstMessage *
pop (Fixture *f, GstMessageType type)
{
  return gst_bus_pop_filtered (f->bus, type);
}

/* The fields of the next vatt-classification message; NULL if there is none */
GstStructure *
pop_result (Fixture *f)
{
  g_autoptr (GstMessage) message = pop (f, GST_MESSAGE_ELEMENT);
  if (!message)
    return NULL;
  const GstStructure *structure = gst_message_get_structure (message);
  g_assert_true (gst_structure_has_name (structure, "vatt-classification"));
  return gst_structure_copy (structure);
}

/* Pushes and returns what was said about it. */
GstStructure *
say (Fixture *f, const float *logits)
{
  push (f, logits);
  GstStructure *result = pop_result (f);
  g_assert_nonnull (result);
  return result;
}

gint
get_class (const GstStructure *result)
{
  gint id = -2;
  g_assert_true (gst_structure_get_int (result, "class-id", &id));
  return id;
}

double
get_score (const GstStructure *result)
{
  double score;
  g_assert_true (gst_structure_get_double (result, "score", &score));
  return score;
}

guint64
get_time (const GstStructure *result, const char *field)
{
  guint64 time;
  g_assert_true (gst_structure_get_uint64 (result, field, &time));
  return time;
}

const GValue *
get_item (const GstStructure *result, const char *field, guint index)
{
  return gst_value_array_get_value (
      gst_structure_get_value (result, field), index);
}

guint
count_items (const GstStructure *result, const char *field)
{
  return gst_value_array_get_size (gst_structure_get_value (result, field));
}

gint
class_of (Fixture *f, const float *logits)
{
  g_autoptr (GstStructure) result = say (f, logits);
  return get_class (result);
}

void
change_model (Fixture *f, const char *path)
{
  g_autofree char *id = classifier_id (path);
  g_autofree char *caps = embedding_caps (id, "");
  gst_harness_set_src_caps_str (f->h, caps);
}

void
expect (Fixture *f, const float *logits, const char *label, double score)
{
  g_autoptr (GstStructure) result = say (f, logits);
  g_assert_cmpstr (gst_structure_get_string (result, "label"), ==, label);
  g_assert_cmpfloat_with_epsilon (get_score (result), score, 1e-5);
}
