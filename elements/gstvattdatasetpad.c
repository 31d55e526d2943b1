/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The thread of a source pad: takes clips and sends them, each as a segment of
 * its own whose base is the sum of the durations before. */
#include "gstvattclipmeta.h"
#include "gstvattdatasetsrcprivate.h"
#include "gstvatterror.h"

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_dataset_debug);
#define GST_CAT_DEFAULT gst_vatt_dataset_debug

static GstVattDatasetSrc *
owner (const GstVattDatasetPad *self)
{
  return GST_VATT_DATASET_SRC (GST_OBJECT_PARENT (self->pad));
}

/* Forgets the clip that was being sent, while the task does not run. */
void
gst_vatt_dataset_pad_reset (GstVattDatasetPad *self)
{
  gst_vatt_feed_clip_clear (&self->clip);
  gst_clear_caps (&self->caps);
  self->flow = GST_FLOW_OK;
}

static void
push_event (const GstVattDatasetPad *self, GstEvent *event)
{
  gst_event_set_seqnum (event, owner (self)->seqnum);
  gst_pad_push_event (self->pad, event);
}

static void
greet (GstVattDatasetPad *self)
{
  GstVattDatasetSrc *src = owner (self);
  g_autofree char *id = gst_pad_create_stream_id (
      self->pad, GST_ELEMENT (src), vatt_modality_name (self->modality));
  GstEvent *event = gst_event_new_stream_start (id);
  gst_event_set_group_id (event, src->group_id);
  if (self->modality == VATT_TEXT)
    gst_event_set_stream_flags (event, GST_STREAM_FLAG_SPARSE);
  push_event (self, event);
  self->greeted = TRUE;
}

static void
push_caps (GstVattDatasetPad *self, GstCaps *caps)
{
  if (self->caps && gst_caps_is_equal (self->caps, caps))
    return;
  gst_caps_replace (&self->caps, caps);
  push_event (self, gst_event_new_caps (caps));
}

static const char *const default_caps[VATT_N_MODALITIES] = {
  [VATT_VIDEO] = "video/x-raw, format = (string) I420, width = (int) 224, "
                 "height = (int) 224, framerate = (fraction) 25/1",
  [VATT_AUDIO] = "audio/x-raw, format = (string) F32LE, rate = (int) 48000, "
                 "channels = (int) 1, layout = (string) interleaved",
  [VATT_TEXT] = "text/x-raw, format = (string) utf8",
};

/* Gives the field of @structure a value near the default one. */
static gboolean
fixate_field (GQuark field, const GValue *value, gpointer structure)
{
  const char *name = g_quark_to_string (field);
  if (!gst_structure_has_field (structure, name))
    gst_structure_id_set_value (structure, field, value);
  else if (G_VALUE_HOLDS_INT (value))
    gst_structure_fixate_field_nearest_int (
        structure, name, g_value_get_int (value));
  else if (GST_VALUE_HOLDS_FRACTION (value))
    gst_structure_fixate_field_nearest_fraction (structure, name,
        gst_value_get_fraction_numerator (value),
        gst_value_get_fraction_denominator (value));
  else
    gst_structure_fixate_field_string (
        structure, name, g_value_get_string (value));
  return TRUE;
}

/* A stream has to have caps before it can say that it has nothing: some that
 * downstream takes. */
static void
push_default_caps (GstVattDatasetPad *self)
{
  g_autoptr (GstCaps) usual =
      gst_caps_from_string (default_caps[self->modality]);
  g_autoptr (GstCaps) caps = gst_pad_get_allowed_caps (self->pad);
  if (!caps || gst_caps_is_empty (caps) || gst_caps_is_any (caps)) {
    push_caps (self, usual);
    return;
  }
  caps = gst_caps_truncate (gst_caps_make_writable (g_steal_pointer (&caps)));
  gst_structure_foreach (gst_caps_get_structure (usual, 0), fixate_field,
      gst_caps_get_structure (caps, 0));
  caps = gst_caps_fixate (g_steal_pointer (&caps));
  push_caps (self, caps);
}

/* Says that there is nothing up to @time of the clip. */
static void
push_gap (GstVattDatasetPad *self, GstClockTime time)
{
  if (time <= self->position)
    return;
  gst_pad_push_event (
      self->pad, gst_event_new_gap (self->position, time - self->position));
  self->position = time;
}

static void
begin_clip (GstVattDatasetPad *self)
{
  const GstVattFeedClip *clip = &self->clip;
  const GPtrArray *track = clip->media->tracks[self->modality];
  if (!self->greeted)
    greet (self);
  self->item = 0;
  self->position = 0;
  if (track->len > 0)
    push_caps (self, track->pdata[self->item++]);
  else if (!self->caps)
    push_default_caps (self);
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.base = clip->running_time;
  segment.time = clip->stream_time;
  segment.stop = clip->media->duration;
  push_event (self, gst_event_new_segment (&segment));
  push_event (self, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM_STICKY,
                        gst_structure_copy (clip->fields)));
}

/* Sparse streams, and those that have nothing, say so. */
static void
end_clip (GstVattDatasetPad *self)
{
  const GstVattMedia *media = self->clip.media;
  if (self->modality == VATT_TEXT ||
      !gst_vatt_media_has (media, self->modality))
    push_gap (self, media->duration);
  gst_vatt_feed_clip_clear (&self->clip);
  gst_vatt_feed_pass (owner (self)->feed, self->modality);
}

static GstFlowReturn
push_buffer (GstVattDatasetPad *self, GstBuffer *item)
{
  GstBuffer *buffer = gst_buffer_copy (item);
  GstClockTime start = GST_BUFFER_PTS (buffer);
  if (self->modality == VATT_TEXT)
    push_gap (self, start);
  if (self->item == 2) /* behind the caps, the first */
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  gst_vatt_clip_meta_add (buffer, self->clip.fields);
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    self->position = MAX (self->position, start + GST_BUFFER_DURATION (buffer));
  return gst_pad_push (self->pad, buffer);
}

/* Sends the next caps or buffer, or ends the clip. */
static GstFlowReturn
send_item (GstVattDatasetPad *self)
{
  const GPtrArray *track = self->clip.media->tracks[self->modality];
  if (self->item == track->len) {
    end_clip (self);
    return GST_FLOW_OK;
  }
  gpointer item = track->pdata[self->item++];
  if (GST_IS_BUFFER (item))
    return push_buffer (self, item);
  push_caps (self, item);
  return GST_FLOW_OK;
}

/* One error for the element, whichever pad finds it. */
static gboolean
may_fail (GstVattDatasetSrc *src)
{
  GST_OBJECT_LOCK (src);
  gboolean first = !src->failed;
  src->failed = TRUE;
  GST_OBJECT_UNLOCK (src);
  return first;
}

static GstFlowReturn
take_clip (GstVattDatasetPad *self)
{
  GstVattDatasetSrc *src = owner (self);
  g_autoptr (GError) error = NULL;
  switch (gst_vatt_feed_take (src->feed, self->modality, &self->clip, &error)) {
  case GST_VATT_FEED_CLIP:
    begin_clip (self);
    return GST_FLOW_OK;
  case GST_VATT_FEED_END:
    return GST_FLOW_EOS;
  case GST_VATT_FEED_FAILED:
    if (may_fail (src))
      gst_vatt_error_post (GST_ELEMENT (src), error);
    return GST_FLOW_EOS;
  case GST_VATT_FEED_FLUSHING:
    break;
  }
  return GST_FLOW_FLUSHING;
}

/* Notes how a pad ended.
 *
 * Returns: whether all have, and none had anything linked to it */
static gboolean
none_linked (GstVattDatasetPad *self, GstFlowReturn flow)
{
  GstVattDatasetSrc *src = owner (self);
  gboolean none = TRUE;
  GST_OBJECT_LOCK (src);
  self->flow = flow;
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    none &= !src->pads[i] || src->pads[i]->flow == GST_FLOW_NOT_LINKED;
  GST_OBJECT_UNLOCK (src);
  return none;
}

/* Nothing more goes out of this pad. */
static void
finish (GstVattDatasetPad *self, GstFlowReturn flow)
{
  GstVattDatasetSrc *src = owner (self);
  GST_DEBUG_OBJECT (self->pad, "%s", gst_flow_get_name (flow));
  gst_pad_pause_task (self->pad);
  if (flow == GST_FLOW_FLUSHING)
    return;
  gst_vatt_feed_clip_clear (&self->clip);
  /* Of a pad that had no buffers nobody has said it yet. */
  if (flow == GST_FLOW_EOS && !gst_pad_is_linked (self->pad))
    flow = GST_FLOW_NOT_LINKED;
  gboolean none = none_linked (self, flow);
  if ((none || (flow < GST_FLOW_EOS && flow != GST_FLOW_NOT_LINKED)) &&
      may_fail (src))
    GST_ELEMENT_FLOW_ERROR (src, flow);
  gst_vatt_feed_leave (src->feed, self->modality);
  if (!self->greeted)
    greet (self);
  push_event (self, gst_event_new_eos ());
}

/* The function of the task of a #GstVattDatasetPad. */
void
gst_vatt_dataset_pad_loop (gpointer data)
{
  GstVattDatasetPad *self = data;
  GstFlowReturn flow = GST_FLOW_OK;
  if (gst_vatt_feed_is_ended (owner (self)->feed))
    flow = GST_FLOW_EOS;
  else if (self->clip.media)
    flow = send_item (self);
  else
    flow = take_clip (self);
  if (flow != GST_FLOW_OK)
    finish (self, flow);
}
