/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sink pads of the encoder: which there are, what they want, what they are
 * told. */
#include "gstvattcaps.h"
#include "gstvatterror.h"
#include "gstvattencoderprivate.h"
#include "gstvatttokencaps.h"

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_encoder_debug);
#define GST_CAT_DEFAULT gst_vatt_encoder_debug

static GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE ("video_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS (GST_VATT_VIDEO_TOKENS_CAPS));
static GstStaticPadTemplate audio_template =
    GST_STATIC_PAD_TEMPLATE ("audio_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS (GST_VATT_AUDIO_TOKENS_CAPS));
static GstStaticPadTemplate text_template = GST_STATIC_PAD_TEMPLATE ("text_%u",
    GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS (GST_VATT_TEXT_TOKENS_CAPS));
static GstStaticPadTemplate *const sink_templates[VATT_N_MODALITIES] = {
  [VATT_VIDEO] = &video_template,
  [VATT_AUDIO] = &audio_template,
  [VATT_TEXT] = &text_template,
};

static gpointer
ref_pad (gconstpointer pad, gpointer unused)
{
  return gst_object_ref ((gpointer)pad);
}

/* Returns: (transfer full): the sink pads, to be used without a lock */
GList *
gst_vatt_encoder_list_pads (GstVattEncoder *self)
{
  GST_OBJECT_LOCK (self);
  GList *pads = g_list_copy_deep (GST_ELEMENT (self)->sinkpads, ref_pad, NULL);
  GST_OBJECT_UNLOCK (self);
  return pads;
}

/* The base class of the element's class. */
static GstAggregatorClass *
parent_class (void)
{
  return g_type_class_peek (GST_TYPE_AGGREGATOR);
}

void
gst_vatt_encoder_add_sink_templates (GstElementClass *element_class)
{
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    gst_element_class_add_static_pad_template_with_gtype (
        element_class, sink_templates[i], GST_TYPE_VATT_ENCODER_PAD);
}

static VattModel *
get_model (GstVattEncoder *self)
{
  GST_OBJECT_LOCK (self);
  VattModel *model = self->model ? g_object_ref (self->model) : NULL;
  GST_OBJECT_UNLOCK (self);
  return model;
}

static gint
template_modality (const GstPadTemplate *templ)
{
  for (gint i = 0; i < VATT_N_MODALITIES; i++)
    if (g_strcmp0 (GST_PAD_TEMPLATE_NAME_TEMPLATE (templ),
            sink_templates[i]->name_template) == 0)
      return i;
  return -1;
}

GstAggregatorPad *
gst_vatt_encoder_create_new_pad (GstAggregator *aggregator,
    GstPadTemplate *templ, const char *request, const GstCaps *caps)
{
  GstVattEncoder *self = GST_VATT_ENCODER (aggregator);
  gint modality = template_modality (templ);
  if (modality < 0)
    return NULL;
  guint number = 0;
  const char *prefix = vatt_modality_name ((VattModality)modality);
  GST_OBJECT_LOCK (self);
  guint *count = &self->pad_count[modality];
  if (request && !strchr (request, '%')) {
    const char *digits = strrchr (request, '_');
    number = digits ? (guint)g_ascii_strtoull (digits + 1, NULL, 10) : 0;
  } else {
    number = *count;
  }
  *count = MAX (*count, number + 1);
  GST_OBJECT_UNLOCK (self);
  g_autofree char *name = g_strdup_printf ("%s_%u", prefix, number);
  GstVattEncoderPad *pad = g_object_new (GST_TYPE_VATT_ENCODER_PAD, "name",
      name, "direction", GST_PAD_SINK, "template", templ, NULL);
  gst_vatt_encoder_pad_set_modality (pad, (VattModality)modality);
  gst_pad_add_probe (GST_PAD (pad), GST_PAD_PROBE_TYPE_BUFFER,
      gst_vatt_encoder_admit, NULL, NULL);
  gst_pad_add_probe (GST_PAD (pad),
      GST_PAD_PROBE_TYPE_QUERY_UPSTREAM | GST_PAD_PROBE_TYPE_PULL,
      gst_vatt_encoder_relax, NULL, NULL);
  return GST_AGGREGATOR_PAD (pad);
}

static gboolean
answer_caps (GstVattEncoder *self, GstVattEncoderPad *pad, GstQuery *query)
{
  g_autoptr (VattModel) model = get_model (self);
  gst_vatt_token_caps_answer (
      GST_PAD (pad), gst_vatt_encoder_pad_get_modality (pad), model, query);
  return TRUE;
}

gboolean
gst_vatt_encoder_sink_query (
    GstAggregator *aggregator, GstAggregatorPad *pad, GstQuery *query)
{
  GstVattEncoder *self = GST_VATT_ENCODER (aggregator);
  switch (GST_QUERY_TYPE (query)) {
  case GST_QUERY_CAPS:
    return answer_caps (self, GST_VATT_ENCODER_PAD (pad), query);
  case GST_QUERY_ACCEPT_CAPS:
    gst_vatt_token_caps_answer_accept (
        gst_vatt_encoder_pad_get_modality (GST_VATT_ENCODER_PAD (pad)), query);
    return TRUE;
  case GST_QUERY_DRAIN:
    /* Comes behind the windows before it, of which results hold nothing. */
    return TRUE;
  default:
    return parent_class ()->sink_query (aggregator, pad, query);
  }
}

static gboolean
take_caps (GstVattEncoder *self, GstVattEncoderPad *pad, GstCaps *caps)
{
  g_autoptr (GError) error = NULL;
  GST_OBJECT_LOCK (self);
  g_autoptr (VattModel) model = self->model ? g_object_ref (self->model) : NULL;
  g_autoptr (GstVattEngine) engine =
      self->engine ? g_object_ref (self->engine) : NULL;
  GstVattSpace space = self->settings.space;
  GST_OBJECT_UNLOCK (self);
  GST_DEBUG_OBJECT (pad, "tokens are %" GST_PTR_FORMAT, caps);
  GstVattEncoderSetup setup = {
    .model = model, .engine = engine, .space = space
  };
  if (model && gst_vatt_encoder_pad_set_caps (pad, &setup, caps, &error)) {
    gst_vatt_encoder_try (self, pad);
    return TRUE;
  }
  if (gst_vatt_encoder_pad_refuse (pad) && error)
    gst_vatt_error_post (GST_ELEMENT (self), error);
  return FALSE;
}

gboolean
gst_vatt_encoder_sink_event (
    GstAggregator *aggregator, GstAggregatorPad *aggpad, GstEvent *event)
{
  GstVattEncoder *self = GST_VATT_ENCODER (aggregator);
  GstVattEncoderPad *pad = GST_VATT_ENCODER_PAD (aggpad);
  GstCaps *caps;
  gboolean done;
  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    gst_event_parse_caps (event, &caps);
    if (!take_caps (self, pad, caps)) {
      gst_event_unref (event);
      return FALSE;
    }
    break;
  case GST_EVENT_SEGMENT:
    done = parent_class ()->sink_event (aggregator, aggpad, event);
    gst_vatt_encoder_open_stream (self, pad);
    return done;
  case GST_EVENT_EOS:
    GST_OBJECT_LOCK (self);
    self->eos_seqnum = gst_event_get_seqnum (event);
    GST_OBJECT_UNLOCK (self);
    break;
  default:
    break;
  }
  return parent_class ()->sink_event (aggregator, aggpad, event);
}

/* Flushes must end a long computation at once, ahead of the queue. */
GstFlowReturn
gst_vatt_encoder_sink_event_pre_queue (
    GstAggregator *aggregator, GstAggregatorPad *aggpad, GstEvent *event)
{
  GstVattEncoder *self = GST_VATT_ENCODER (aggregator);
  GstEventType type = GST_EVENT_TYPE (event);
  if (type == GST_EVENT_FLUSH_STOP) {
    GST_OBJECT_LOCK (self);
    gst_event_parse_flush_stop (event, &self->reset_time);
    GST_OBJECT_UNLOCK (self);
  }
  if (type == GST_EVENT_FLUSH_START || type == GST_EVENT_FLUSH_STOP) {
    gboolean flushing = type == GST_EVENT_FLUSH_START;
    gst_vatt_encoder_pad_set_flushing (GST_VATT_ENCODER_PAD (aggpad), flushing);
    gst_vatt_terminal_set_flushing (&self->terminal, flushing);
  }
  return parent_class ()->sink_event_pre_queue (aggregator, aggpad, event);
}
