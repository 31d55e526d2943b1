/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Downstream's caps say how tokens are made. Where they do not, as behind a
 * fakesink, the shipped model's front end serves. */
#include "gstvatttokenout.h"

#include "gstvattcaps.h"
#include "gstvattencoderpad.h"
#include "gstvatterror.h"
#include "gstvattmeta.h"
#include "gstvattmodels.h"

/* After so long in PLAYING it is worth a word that nothing is linked. */
#define PATIENCE_SECONDS 5u
#define MAX_STEPS 64 /* elements to look back over */
#define PATIENCE (PATIENCE_SECONDS * GST_SECOND)

/* Takes the first structure that says enough. */
static gboolean
learn_from_caps (GstVattTokenOut *out, const GstCaps *caps)
{
  if (gst_caps_is_any (caps))
    return FALSE;
  for (guint i = 0; i < gst_caps_get_size (caps); i++) {
    const GstStructure *structure = gst_caps_get_structure (caps, i);
    if (!gst_vatt_caps_to_front_end (
            structure, out->modality, &out->front_end, NULL))
      continue;
    out->model_id = g_strdup (gst_structure_get_string (structure, "model-id"));
    return TRUE;
  }
  return FALSE;
}

static gboolean
learn_from_default (GstVattTokenOut *out, GError **error)
{
  out->model = gst_vatt_models_load (NULL, NULL, error);
  if (!out->model) {
    g_prefix_error (error,
        "the element behind %s does not say how %s tokens are made, and the "
        "shipped model cannot be used instead: ",
        GST_ELEMENT_NAME (out->element), vatt_modality_name (out->modality));
    return FALSE;
  }
  const VattFrontEnd *front_end = vatt_config_get_front_end (
      vatt_model_get_config (out->model), out->modality);
  if (!front_end || front_end->input == VATT_INPUT_NONE) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
        "the shipped model has no tower for %s",
        vatt_modality_name (out->modality));
    return FALSE;
  }
  out->front_end = *front_end;
  out->model_id = g_strdup (vatt_model_get_id (out->model));
  return TRUE;
}

/* Windows per second; both terms of the fraction must fit an int. */
static void
set_framerate (GstCaps *caps, GstClockTime hop)
{
  gint n = 0, d = 1;
  if (hop > 0) {
    guint64 common = (guint64)gst_util_greatest_common_divisor_int64 (
        GST_SECOND, (gint64)hop);
    if (hop / common <= G_MAXINT) {
      n = (gint)(GST_SECOND / common);
      d = (gint)(hop / common);
    } else {
      gst_util_double_to_fraction ((double)GST_SECOND / (double)hop, &n, &d);
    }
  }
  gst_caps_set_simple (caps, "framerate", GST_TYPE_FRACTION, n, d, NULL);
}

static guint
tokens_left (const GstVattTokenOut *out, double drop_rate)
{
  return vatt_drop_rate_keep (
      gst_vatt_front_end_tokens (&out->front_end), drop_rate);
}

static GstCaps *
fixed_caps (GstVattTokenOut *out, const GstVattTokenOutParams *params)
{
  GstCaps *caps = gst_vatt_caps_from_front_end (
      &out->front_end, out->modality, out->model_id);
  out->n_tokens = tokens_left (out, params->drop_rate);
  gst_caps_set_simple (caps, "tokens", G_TYPE_INT, (gint)out->n_tokens, NULL);
  GstClockTime span = gst_vatt_front_end_span (&out->front_end);
  set_framerate (caps, params->hop ? params->hop : span);
  return caps;
}

static gboolean
check_peer (GstVattTokenOut *out, const GstCaps *caps, const GstCaps *peer,
    GError **error)
{
  if (gst_caps_can_intersect (caps, peer))
    return TRUE;
  gst_vatt_mismatch_set (error, caps, peer,
      "%s is set to make tokens that downstream does not want",
      GST_ELEMENT_NAME (out->element));
  return FALSE;
}

/* A model takes other windows than it was trained with, but what it says of
 * them nobody has tried. Of the shipped model, which only stands in for one
 * that is not known, nothing is said. */
static void
compare_windows (GstVattTokenOut *out, const VattFrontEnd *trained)
{
  const VattFrontEnd *fe = &out->front_end;
  gboolean same = fe->frames == trained->frames &&
                  fe->samples == trained->samples &&
                  (guint64)fe->rate_n * trained->rate_d ==
                      (guint64)trained->rate_n * fe->rate_d;
  if (same || out->model || out->told)
    return;
  out->told = TRUE;
  GST_ELEMENT_WARNING (out->element, LIBRARY, SETTINGS,
      ("Windows of %.3f s with %u/%u %s a second, but the model was made for "
       "%.3f s with %u/%u.",
          (double)gst_vatt_front_end_span (fe) / GST_SECOND, fe->rate_n,
          fe->rate_d, out->modality == VATT_VIDEO ? "pictures" : "samples",
          (double)gst_vatt_front_end_span (trained) / GST_SECOND,
          trained->rate_n, trained->rate_d),
      (NULL));
}

/*
 * gst_vatt_token_out_negotiate:
 * @out: the pad; who it belongs to is set
 * @params: what the element decides
 * @error: return location
 *
 * Learns the front end, agrees on caps and sends them.
 */
gboolean
gst_vatt_token_out_negotiate (
    GstVattTokenOut *out, const GstVattTokenOutParams *params, GError **error)
{
  gst_vatt_token_out_clear (out);
  g_autoptr (GstCaps) peer = gst_pad_peer_query_caps (out->srcpad, NULL);
  if (gst_caps_is_empty (peer)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "nothing behind %s takes %s tokens; a model may have no tower for them",
        GST_ELEMENT_NAME (out->element), vatt_modality_name (out->modality));
    return FALSE;
  }
  if (!learn_from_caps (out, peer) && !learn_from_default (out, error))
    return FALSE;
  VattFrontEnd trained = out->front_end;
  if (out->override && !out->override (out->element, &out->front_end, error))
    return FALSE;
  compare_windows (out, &trained);
  out->caps = fixed_caps (out, params);
  if (!check_peer (out, out->caps, peer, error))
    return FALSE;
  out->pool = gst_vatt_clip_pool_new (out->modality, &out->front_end);
  GST_CAT_INFO_OBJECT (out->category, out->element,
      "%s tokens as %s wants them: %" GST_PTR_FORMAT,
      vatt_modality_name (out->modality),
      out->model ? "the shipped model" : "the element behind", out->caps);
  gst_pad_push_event (out->srcpad, gst_event_new_caps (out->caps));
  out->negotiated = TRUE;
  return TRUE;
}

/*
 * gst_vatt_token_out_keep:
 * @out: a negotiated pad
 * @drop_rate: part of the tokens to leave out of the next window
 *
 * The rate may change while windows are sent, but caps have promised that
 * there will be no more tokens than so many. Where there are to be, caps are
 * sent once more, and promise no longer that any are left out.
 *
 * Returns: how many tokens to keep
 */
guint
gst_vatt_token_out_keep (GstVattTokenOut *out, double drop_rate)
{
  guint kept = tokens_left (out, drop_rate);
  if (kept <= out->n_tokens)
    return kept;
  out->n_tokens = gst_vatt_front_end_tokens (&out->front_end);
  out->caps = gst_caps_make_writable (out->caps);
  gst_caps_set_simple (
      out->caps, "tokens", G_TYPE_INT, (gint)out->n_tokens, NULL);
  GST_CAT_DEBUG_OBJECT (out->category, out->element,
      "up to %u tokens in a window from now on", out->n_tokens);
  gst_pad_push_event (out->srcpad, gst_event_new_caps (out->caps));
  return kept;
}

/* Whether the buffers go to an encoder, without an element between. */
static gboolean
feeds_encoder (GstVattTokenOut *out)
{
  g_autoptr (GstPad) peer = gst_pad_get_peer (out->srcpad);
  return peer && GST_IS_VATT_ENCODER_PAD (peer);
}

/*
 * gst_vatt_token_out_await_clip:
 * @out: a negotiated pad of a stream that is not live
 *
 * An encoder has one window of such a stream at a time. The next would wait to
 * be taken, in a large clip of its own; this waits before that is filled, for
 * just as long: until all before it are taken.
 */
void
gst_vatt_token_out_await_clip (GstVattTokenOut *out)
{
  if (!gst_vatt_clip_pool_should_wait (out->pool) || !feeds_encoder (out))
    return;
  g_autoptr (GstQuery) query = gst_query_new_drain ();
  gst_pad_peer_query (out->srcpad, query);
}

void
gst_vatt_token_out_clear (GstVattTokenOut *out)
{
  out->negotiated = FALSE;
  g_clear_pointer (&out->pool, gst_vatt_clip_pool_unref);
  gst_clear_caps (&out->caps);
  g_clear_object (&out->model);
  g_clear_pointer (&out->model_id, g_free);
}

/* The element before a pad; a reference, or NULL. */
static GstElement *
before (GstPad *sinkpad)
{
  g_autoptr (GstPad) peer = gst_pad_get_peer (sinkpad);
  return peer ? gst_pad_get_parent_element (peer) : NULL;
}

/* Whether data can come: a source, or a bin, is at the other end of a line of
 * elements with one input each. */
static gboolean
is_fed (GstElement *element)
{
  g_autoptr (GstElement) at = gst_object_ref (element);
  for (guint steps = 0; at && steps < MAX_STEPS; steps++) {
    GST_OBJECT_LOCK (at);
    guint inputs = at->numsinkpads;
    g_autoptr (GstPad) sinkpad =
        inputs == 1 ? gst_object_ref (at->sinkpads->data) : NULL;
    GST_OBJECT_UNLOCK (at);
    if (!sinkpad)
      return TRUE;
    GstElement *next = before (sinkpad);
    gst_object_unref (at);
    at = next;
  }
  return at != NULL;
}

static gboolean
makes_pads (GstElement *element)
{
  GList *templates =
      gst_element_class_get_pad_template_list (GST_ELEMENT_GET_CLASS (element));
  for (GList *l = templates; l; l = l->next) {
    const GstPadTemplate *templ = l->data;
    if (GST_PAD_TEMPLATE_DIRECTION (templ) == GST_PAD_SRC &&
        GST_PAD_TEMPLATE_PRESENCE (templ) == GST_PAD_SOMETIMES)
      return TRUE;
  }
  return FALSE;
}

/* Returns: (transfer full) (nullable): a neighbour that has looked into the
 * media, such as decodebin, and has made pads for what it found there */
static GstElement *
find_decoder (GstElement *element)
{
  g_autoptr (GstObject) bin = gst_object_get_parent (GST_OBJECT (element));
  GstElement *found = NULL;
  if (!bin || !GST_IS_BIN (bin))
    return NULL;
  GST_OBJECT_LOCK (bin);
  for (GList *l = GST_BIN_CHILDREN (bin); l && !found; l = l->next)
    if (GST_ELEMENT (l->data)->numsrcpads > 0 && makes_pads (l->data))
      found = gst_object_ref (l->data);
  GST_OBJECT_UNLOCK (bin);
  return found;
}

static gboolean
lose_patience (GstClock *clock, GstClockTime time, GstClockID id, gpointer data)
{
  GstElement *element = data;
  if (is_fed (element))
    return TRUE;
  g_autoptr (GstElement) decoder = find_decoder (element);
  if (decoder)
    GST_ELEMENT_ERROR (element, STREAM, WRONG_TYPE,
        ("The media have no stream for %s: %s has found others only.",
            GST_ELEMENT_NAME (element), GST_ELEMENT_NAME (decoder)),
        ("nothing was linked to the input within %u s", PATIENCE_SECONDS));
  else
    GST_ELEMENT_WARNING (element, STREAM, FAILED,
        ("Nothing has been linked to the input of %s: the media may have no "
         "stream of its kind. It goes on waiting.",
            GST_ELEMENT_NAME (element)),
        (NULL));
  return TRUE;
}

static void
end_patience (GstVattTokenOut *out)
{
  if (out->patience)
    gst_clock_id_unschedule (out->patience);
  g_clear_pointer (&out->patience, gst_clock_id_unref);
}

/* To be called before the parent class changes its state. Where a decoder finds
 * no stream for this element, nobody tells it: no data and no end ever come. */
void
gst_vatt_token_out_change_state (
    GstVattTokenOut *out, GstStateChange transition)
{
  gst_vatt_terminal_change_state (&out->terminal, out->element, transition);
  end_patience (out);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    out->told = FALSE;
  if (transition != GST_STATE_CHANGE_PAUSED_TO_PLAYING || is_fed (out->element))
    return;
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();
  out->patience = gst_clock_new_single_shot_id (
      clock, gst_clock_get_time (clock) + PATIENCE);
  gst_clock_id_wait_async (out->patience, lose_patience,
      gst_object_ref (out->element), gst_object_unref);
}

/* What is told of a window that nothing behind the element takes. */
static GstMessage *
tokens_message (
    GstVattTokenOut *out, const GstSegment *segment, GstBuffer *buffer)
{
  const GstVattMeta *meta = gst_buffer_get_vatt_meta (buffer);
  GstClockTime time = GST_BUFFER_PTS (buffer);
  guint tokens = (guint)(gst_buffer_get_size (buffer) /
                         (out->front_end.token_size * sizeof (float)));
  return gst_message_new_element (GST_OBJECT (out->element),
      gst_structure_new ("vatt-tokens", "timestamp", G_TYPE_UINT64, time,
          "stream-time", G_TYPE_UINT64,
          gst_segment_to_stream_time (segment, GST_FORMAT_TIME, time),
          "running-time", G_TYPE_UINT64,
          gst_segment_to_running_time (segment, GST_FORMAT_TIME, time),
          "duration", G_TYPE_UINT64, GST_BUFFER_DURATION (buffer), "window",
          G_TYPE_UINT64, meta->window, "modality", G_TYPE_STRING,
          vatt_modality_name (out->modality), "tokens", G_TYPE_UINT, tokens,
          "gap", G_TYPE_UINT64, meta->gap, NULL));
}

/*
 * gst_vatt_token_out_push:
 * @out: the pad
 * @segment: of what arrives
 * @buffer: (transfer full): a window, with its meta
 *
 * Sends @buffer, or tells of it where nothing is linked.
 */
GstFlowReturn
gst_vatt_token_out_push (
    GstVattTokenOut *out, const GstSegment *segment, GstBuffer *buffer)
{
  if (!out->terminal.active)
    return gst_pad_push (out->srcpad, buffer);
  gst_element_post_message (
      out->element, tokens_message (out, segment, buffer));
  gst_buffer_unref (buffer);
  return gst_vatt_terminal_wait_playing (&out->terminal) ? GST_FLOW_OK
                                                         : GST_FLOW_FLUSHING;
}

/* Says that nothing will come for a time; without a time nothing is said. */
void
gst_vatt_token_out_push_gap (
    GstVattTokenOut *out, GstClockTime time, GstClockTime duration)
{
  if (GST_CLOCK_TIME_IS_VALID (time))
    gst_vatt_token_out_push_event (out, gst_event_new_gap (time, duration));
}

/* Sends @event, which it takes; the end of the stream becomes a message where
 * nothing is linked. */
gboolean
gst_vatt_token_out_push_event (GstVattTokenOut *out, GstEvent *event)
{
  if (!out->terminal.active)
    return gst_pad_push_event (out->srcpad, event);
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    gst_vatt_terminal_post_eos (
        &out->terminal, out->element, gst_event_get_seqnum (event));
  gst_pad_push_event (out->srcpad, event);
  return TRUE;
}
