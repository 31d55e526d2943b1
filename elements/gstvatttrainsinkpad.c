/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The trainer's pads: which there are, what they want, what they are told. */
#include "gstvattcaps.h"
#include "gstvattresume.h"
#include "gstvatttokencaps.h"
#include "gstvatttrainsinkprivate.h"

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_train_debug);
#define GST_CAT_DEFAULT gst_vatt_train_debug

G_DEFINE_TYPE (GstVattTrainPad, gst_vatt_train_pad, GST_TYPE_PAD)

static GstStaticPadTemplate templates[VATT_N_MODALITIES] = {
  [VATT_VIDEO] = GST_STATIC_PAD_TEMPLATE ("video_%u", GST_PAD_SINK,
      GST_PAD_REQUEST, GST_STATIC_CAPS (GST_VATT_VIDEO_TOKENS_CAPS)),
  [VATT_AUDIO] = GST_STATIC_PAD_TEMPLATE ("audio_%u", GST_PAD_SINK,
      GST_PAD_REQUEST, GST_STATIC_CAPS (GST_VATT_AUDIO_TOKENS_CAPS)),
  [VATT_TEXT] = GST_STATIC_PAD_TEMPLATE ("text_%u", GST_PAD_SINK,
      GST_PAD_REQUEST, GST_STATIC_CAPS (GST_VATT_TEXT_TOKENS_CAPS)),
};

static void
gst_vatt_train_pad_init (GstVattTrainPad *self)
{
  self->clip = GST_VATT_NO_CLIP;
  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
}

static void
gst_vatt_train_pad_class_init (GstVattTrainPadClass *klass)
{
}

void
gst_vatt_train_sink_add_templates (GstElementClass *element_class)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    gst_element_class_add_static_pad_template_with_gtype (
        element_class, &templates[m], GST_TYPE_VATT_TRAIN_PAD);
}

static gpointer
ref_pad (gconstpointer pad, gpointer unused)
{
  return gst_object_ref ((gpointer)pad);
}

/* Returns: (transfer full): the pads, to be used without a lock */
GList *
gst_vatt_train_sink_list_pads (GstVattTrainSink *self)
{
  GST_OBJECT_LOCK (self);
  GList *pads = g_list_copy_deep (GST_ELEMENT (self)->sinkpads, ref_pad, NULL);
  GST_OBJECT_UNLOCK (self);
  return pads;
}

/* ---- queries ---- */

/* Before READY there is no model. */
static gboolean
answer_caps (GstVattTrainSink *self, GstVattTrainPad *pad, GstQuery *query)
{
  GST_OBJECT_LOCK (self);
  g_autoptr (VattModel) model =
      self->setup.model ? g_object_ref (self->setup.model) : NULL;
  GST_OBJECT_UNLOCK (self);
  gst_vatt_token_caps_answer (GST_PAD (pad), pad->modality, model, query);
  return TRUE;
}

static gboolean
answer_resume (GstVattTrainSink *self, GstVattTrainPad *pad, GstQuery *query)
{
  g_autoptr (GError) error = NULL;
  guint64 clip;
  if (!gst_vatt_resume_is_asked (query))
    return FALSE;
  const GstStructure *source = gst_query_get_structure (query);
  gboolean told =
      gst_vatt_train_sink_hear_names (self, pad, source, &error) &&
      gst_vatt_train_sink_resume (self, pad,
          gst_structure_get_string (source, "data-set"), &clip, &error);
  if (error)
    gst_vatt_train_sink_fail (self, error);
  if (!told)
    return FALSE;
  gst_vatt_resume_answer (query, clip);
  return TRUE;
}

static gboolean
train_pad_query (GstPad *gstpad, GstObject *parent, GstQuery *query)
{
  GstVattTrainSink *self = GST_VATT_TRAIN_SINK (parent);
  GstVattTrainPad *pad = GST_VATT_TRAIN_PAD (gstpad);
  switch (GST_QUERY_TYPE (query)) {
  case GST_QUERY_CAPS:
    return answer_caps (self, pad, query);
  case GST_QUERY_ACCEPT_CAPS:
    gst_vatt_token_caps_answer_accept (pad->modality, query);
    return TRUE;
  case GST_QUERY_CUSTOM:
    return answer_resume (self, pad, query);
  default:
    return gst_pad_query_default (gstpad, parent, query);
  }
}

/* ---- which there are ---- */

static gint
modality_of (const GstPadTemplate *templ)
{
  for (gint m = 0; m < VATT_N_MODALITIES; m++)
    if (g_str_equal (
            GST_PAD_TEMPLATE_NAME_TEMPLATE (templ), templates[m].name_template))
      return m;
  return -1;
}

/* The lowest number that no pad of @modality has. */
static guint
free_number (GstVattTrainSink *self, VattModality modality)
{
  GList *pads = gst_vatt_train_sink_list_pads (self);
  guint number = 0;
  for (GList *l = pads; l;) {
    const GstVattTrainPad *pad = l->data;
    gboolean used = pad->modality == modality && pad->number == number;
    number += used;
    l = used ? pads : l->next;
  }
  g_list_free_full (pads, gst_object_unref);
  return number;
}

GstPad *
gst_vatt_train_sink_request_new_pad (GstElement *element, GstPadTemplate *templ,
    const char *request, const GstCaps *caps)
{
  GstVattTrainSink *self = GST_VATT_TRAIN_SINK (element);
  gint modality = modality_of (templ);
  if (modality < 0)
    return NULL;
  const char *digits =
      request && !strchr (request, '%') ? strrchr (request, '_') : NULL;
  guint number = digits ? (guint)g_ascii_strtoull (digits + 1, NULL, 10)
                        : free_number (self, (VattModality)modality);
  g_autofree char *name = g_strdup_printf (
      "%s_%u", vatt_modality_name ((VattModality)modality), number);
  GstVattTrainPad *pad = g_object_new (GST_TYPE_VATT_TRAIN_PAD, "name", name,
      "direction", GST_PAD_SINK, "template", templ, NULL);
  pad->modality = (VattModality)modality;
  pad->number = number;
  gst_pad_set_chain_function (GST_PAD (pad), gst_vatt_train_pad_chain);
  gst_pad_set_event_function (GST_PAD (pad), gst_vatt_train_pad_event);
  gst_pad_set_query_function (GST_PAD (pad), train_pad_query);
  gst_vatt_train_sink_join (self, pad);
  if (gst_element_add_pad (element, GST_PAD (pad)))
    return GST_PAD (pad);
  return NULL;
}

void
gst_vatt_train_sink_release_pad (GstElement *element, GstPad *gstpad)
{
  GstVattTrainSink *self = GST_VATT_TRAIN_SINK (element);
  gst_vatt_train_pad_set_flushing (self, GST_VATT_TRAIN_PAD (gstpad), TRUE);
  gst_pad_set_active (gstpad, FALSE);
  gst_vatt_train_sink_part (self, GST_VATT_TRAIN_PAD (gstpad));
  gst_element_remove_pad (element, gstpad);
  gst_vatt_train_sink_settle (self);
}
