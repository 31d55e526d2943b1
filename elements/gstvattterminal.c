/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstvattterminal.h"

void
gst_vatt_terminal_init (GstVattTerminal *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
}

void
gst_vatt_terminal_clear (GstVattTerminal *self)
{
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->lock);
}

/* A flush that is under way goes on. */
static void
set_playing (GstVattTerminal *self, gboolean playing)
{
  g_mutex_lock (&self->lock);
  self->playing = playing;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static void
set_sink_flag (GstElement *element, gboolean sink)
{
  GST_OBJECT_LOCK (element);
  if (sink)
    GST_OBJECT_FLAG_SET (element, GST_ELEMENT_FLAG_SINK);
  else
    GST_OBJECT_FLAG_UNSET (element, GST_ELEMENT_FLAG_SINK);
  GST_OBJECT_UNLOCK (element);
}

static gboolean
has_sink (GstBin *bin)
{
  GST_OBJECT_LOCK (bin);
  gboolean found = FALSE;
  for (GList *l = bin->children; l && !found; l = l->next)
    found = GST_OBJECT_FLAG_IS_SET (l->data, GST_ELEMENT_FLAG_SINK);
  GST_OBJECT_UNLOCK (bin);
  return found;
}

/* A bin waits for the end of streams of what is flagged as a sink, and sends
 * seeks there. It takes its own flag from its children when these are added,
 * before anybody can know what will be linked, so the bins above are put right
 * here. One that was told not to be a sink keeps to that. */
static void
declare_sink (GstElement *element, gboolean sink)
{
  if (!sink && !GST_OBJECT_FLAG_IS_SET (element, GST_ELEMENT_FLAG_SINK))
    return;
  set_sink_flag (element, sink);
  GstObject *parent = gst_object_get_parent (GST_OBJECT (element));
  while (parent) {
    if (GST_IS_BIN (parent) &&
        !(gst_bin_get_suppressed_flags (GST_BIN (parent)) &
            GST_ELEMENT_FLAG_SINK) &&
        has_sink (GST_BIN (parent)) == sink)
      set_sink_flag (GST_ELEMENT (parent), sink);
    GstObject *above = gst_object_get_parent (parent);
    gst_object_unref (parent);
    parent = above;
  }
}

/* To be called before the parent class changes its state. */
void
gst_vatt_terminal_change_state (
    GstVattTerminal *self, GstElement *element, GstStateChange transition)
{
  g_autoptr (GstPad) srcpad = NULL;
  switch (transition) {
  case GST_STATE_CHANGE_READY_TO_PAUSED:
    srcpad = gst_element_get_static_pad (element, "src");
    self->active = !srcpad || !gst_pad_is_linked (srcpad);
    declare_sink (element, self->active);
    set_playing (self, FALSE);
    gst_vatt_terminal_set_flushing (self, FALSE);
    break;
  case GST_STATE_CHANGE_PAUSED_TO_PLAYING:
    set_playing (self, TRUE);
    break;
  case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
    set_playing (self, FALSE);
    break;
  case GST_STATE_CHANGE_PAUSED_TO_READY:
    set_playing (self, FALSE);
    gst_vatt_terminal_set_flushing (self, TRUE);
    break;
  default:
    break;
  }
}

void
gst_vatt_terminal_set_flushing (GstVattTerminal *self, gboolean flushing)
{
  g_mutex_lock (&self->lock);
  self->flushing = flushing;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static void
post_async (GstElement *element, GstMessage *message, guint32 seqnum)
{
  if (seqnum != GST_SEQNUM_INVALID)
    gst_message_set_seqnum (message, seqnum);
  gst_element_post_message (element, message);
}

/* At the beginning of a flush. A sink loses its state in it. */
void
gst_vatt_terminal_lose_state (
    GstVattTerminal *self, GstElement *element, guint32 seqnum)
{
  if (self->active)
    post_async (
        element, gst_message_new_async_start (GST_OBJECT (element)), seqnum);
}

/* At the end of the last flush. A sink says when it has its state again, for
 * which applications wait after a seek. Here no data are awaited, as none are
 * on the way to PAUSED. */
void
gst_vatt_terminal_regain_state (GstVattTerminal *self, GstElement *element,
    gboolean reset_time, guint32 seqnum)
{
  if (self->active)
    post_async (element,
        gst_message_new_async_done (
            GST_OBJECT (element), reset_time ? 0 : GST_CLOCK_TIME_NONE),
        seqnum);
}

/* Both, for an element of one pad. */
void
gst_vatt_terminal_flushed (
    GstVattTerminal *self, GstElement *element, gboolean reset_time)
{
  gst_vatt_terminal_lose_state (self, element, GST_SEQNUM_INVALID);
  gst_vatt_terminal_regain_state (
      self, element, reset_time, GST_SEQNUM_INVALID);
}

/* Returns: %FALSE if a flush or a stop came first */
gboolean
gst_vatt_terminal_wait_playing (GstVattTerminal *self)
{
  if (!self->active)
    return TRUE;
  g_mutex_lock (&self->lock);
  while (!self->playing && !self->flushing)
    g_cond_wait (&self->cond, &self->lock);
  gboolean flushing = self->flushing;
  g_mutex_unlock (&self->lock);
  return !flushing;
}

/* A bin forwards the end of a stream only if the last change of state it has
 * reported is to PLAYING. Where decodebin completes PAUSED in a streaming
 * thread, the application can go on to PLAYING before that thread has noted
 * its report; the bin then holds the end back for ever. Reporting the state
 * again makes it look again. */
static void
confirm_playing (GstElement *element, gpointer user_data)
{
  GstObject *bin = gst_object_get_parent (GST_OBJECT (element));
  while (bin) {
    GstElement *above = GST_ELEMENT (bin);
    GST_STATE_LOCK (above);
    gboolean playing = GST_STATE (above) == GST_STATE_PLAYING &&
                       GST_STATE_PENDING (above) == GST_STATE_VOID_PENDING;
    GST_STATE_UNLOCK (above);
    if (playing)
      gst_element_post_message (
          above, gst_message_new_state_changed (bin, GST_STATE_PLAYING,
                     GST_STATE_PLAYING, GST_STATE_VOID_PENDING));
    GstObject *parent = gst_object_get_parent (bin);
    gst_object_unref (bin);
    bin = parent;
  }
}

/* After the last result. A bin keeps the message until it plays. */
void
gst_vatt_terminal_post_eos (
    GstVattTerminal *self, GstElement *element, guint32 seqnum)
{
  if (!self->active)
    return;
  GstMessage *message = gst_message_new_eos (GST_OBJECT (element));
  if (seqnum != GST_SEQNUM_INVALID)
    gst_message_set_seqnum (message, seqnum);
  gst_element_post_message (element, message);
  gst_element_call_async (element, confirm_playing, NULL, NULL);
}

/* Without a link there is no pad from which an application's seek would come.
 *
 * Returns: whether the element has to hand @event to its source pad */
gboolean
gst_vatt_terminal_takes_event (GstVattTerminal *self, GstEvent *event)
{
  return self->active && GST_EVENT_IS_UPSTREAM (event);
}
