/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The trainer's pads: which there are, what they want, what they are told. */
#include "gstvattcaps.h"
#include "gstvattclipmeta.h"
#include "gstvatterror.h"
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

/* ---- events ---- */

static gboolean
take_caps (GstVattTrainSink *self, GstVattTrainPad *pad, GstCaps *caps)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstCaps) adopted =
      gst_vatt_token_caps_adopt (self->setup.model, caps);
  GST_DEBUG_OBJECT (pad, "tokens are %" GST_PTR_FORMAT, caps);
  pad->negotiated = gst_vatt_token_caps_check (GST_PAD (pad), pad->modality,
      self->setup.model, adopted, &pad->front_end, &error);
  if (pad->negotiated) {
    pad->refused = FALSE;
    return TRUE;
  }
  if (!pad->refused)
    gst_vatt_train_sink_fail (self, error);
  pad->refused = TRUE;
  return FALSE;
}

static gboolean
take_segment (GstVattTrainSink *self, GstVattTrainPad *pad, GstEvent *event)
{
  gst_event_copy_segment (event, &pad->segment);
  if (pad->segment.format == GST_FORMAT_TIME)
    return TRUE;
  g_autoptr (GError) error = g_error_new (VATT_ERROR, VATT_ERROR_MEDIA,
      "%s: the stream is not timed: its segment is in %s, not in time",
      GST_PAD_NAME (pad), gst_format_get_name (pad->segment.format));
  gst_vatt_train_sink_fail (self, error);
  return FALSE;
}

/* Nothing will begin before @time on @pad any more. */
static void
advance (GstVattTrainSink *self, GstVattTrainPad *pad, GstClockTime time)
{
  g_mutex_lock (&self->lock);
  GstVattTrainStream *stream =
      gst_vatt_train_sink_find_stream (self, pad->number);
  if (stream)
    gst_vatt_align_advance (stream->align, pad->modality,
        gst_vatt_train_pad_running_time (pad, time));
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
take_gap (GstVattTrainSink *self, GstVattTrainPad *pad, GstEvent *event)
{
  GstClockTime time, duration;
  gst_event_parse_gap (event, &time, &duration);
  if (GST_CLOCK_TIME_IS_VALID (duration))
    time += duration;
  /* Beyond its end the segment has no running time. */
  if (GST_CLOCK_TIME_IS_VALID (pad->segment.stop))
    time = MIN (time, pad->segment.stop);
  advance (self, pad, time);
}

static void
take_clip (GstVattTrainSink *self, GstVattTrainPad *pad, GstEvent *event)
{
  const GstStructure *structure = gst_event_get_structure (event);
  if (!gst_event_has_name (event, GST_VATT_CLIP_EVENT) ||
      !gst_structure_get_uint64 (structure, "clip", &pad->clip))
    return;
  g_mutex_lock (&self->lock);
  GstVattTrainStream *stream =
      gst_vatt_train_sink_find_stream (self, pad->number);
  if (stream)
    gst_vatt_align_enter_clip (stream->align, pad->modality, pad->clip);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
take_end (GstVattTrainSink *self, GstVattTrainPad *pad, GstEvent *event)
{
  g_mutex_lock (&self->lock);
  GstVattTrainStream *stream =
      gst_vatt_train_sink_find_stream (self, pad->number);
  self->eos_seqnum = gst_event_get_seqnum (event);
  if (stream)
    gst_vatt_align_end (stream->align, pad->modality);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
set_flushing (GstVattTrainSink *self, GstVattTrainPad *pad, gboolean flushing)
{
  g_mutex_lock (&self->lock);
  GstVattTrainStream *stream =
      gst_vatt_train_sink_find_stream (self, pad->number);
  pad->flushing = flushing;
  if (flushing && stream)
    gst_vatt_align_flush (stream->align, pad->modality);
  /* What comes behind the flush is learnt from, unless all steps are made. */
  if (!flushing && self->finished &&
      vatt_trainer_get_step (self->setup.trainer) <
          self->setup.params.schedule.steps)
    self->finished = FALSE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
stop_flush (GstVattTrainSink *self, GstVattTrainPad *pad, GstEvent *event)
{
  gboolean reset_time;
  gst_event_parse_flush_stop (event, &reset_time);
  gst_segment_init (&pad->segment, GST_FORMAT_UNDEFINED);
  pad->clip = GST_VATT_NO_CLIP;
  pad->live_known = FALSE;
  set_flushing (self, pad, FALSE);
  gst_vatt_terminal_flushed (&self->terminal, GST_ELEMENT (self), reset_time);
}

static gboolean
train_pad_event (GstPad *gstpad, GstObject *parent, GstEvent *event)
{
  GstVattTrainSink *self = GST_VATT_TRAIN_SINK (parent);
  GstVattTrainPad *pad = GST_VATT_TRAIN_PAD (gstpad);
  gboolean done = TRUE;
  GstCaps *caps;
  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    gst_event_parse_caps (event, &caps);
    done = take_caps (self, pad, caps);
    break;
  case GST_EVENT_SEGMENT:
    done = take_segment (self, pad, event);
    if (done)
      advance (self, pad, pad->segment.start);
    break;
  case GST_EVENT_GAP:
    take_gap (self, pad, event);
    break;
  case GST_EVENT_CUSTOM_DOWNSTREAM:
  case GST_EVENT_CUSTOM_DOWNSTREAM_STICKY:
    take_clip (self, pad, event);
    break;
  case GST_EVENT_EOS:
    take_end (self, pad, event);
    break;
  case GST_EVENT_FLUSH_START:
    set_flushing (self, pad, TRUE);
    break;
  case GST_EVENT_FLUSH_STOP:
    stop_flush (self, pad, event);
    break;
  default:
    break;
  }
  gst_event_unref (event);
  return done;
}

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
  guint64 clip;
  if (!gst_vatt_resume_is_asked (query) ||
      !gst_vatt_train_sink_resume (self, pad->number, &clip))
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
  gst_pad_set_event_function (GST_PAD (pad), train_pad_event);
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
  set_flushing (self, GST_VATT_TRAIN_PAD (gstpad), TRUE);
  gst_pad_set_active (gstpad, FALSE);
  gst_vatt_train_sink_part (self, GST_VATT_TRAIN_PAD (gstpad));
  gst_element_remove_pad (element, gstpad);
}
