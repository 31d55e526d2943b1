/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an element needs to stand at the end of a pipeline with its source pad
 * unlinked: it counts as a sink, holds the flow until PLAYING as a preroll
 * would, and reports the end of the stream itself. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  GMutex lock;
  GCond cond;
  gboolean active;   /* the source pad is unlinked; set before data flow */
  gboolean playing;  /* under lock */
  gboolean flushing; /* under lock */
} GstVattTerminal;

void gst_vatt_terminal_init (GstVattTerminal *terminal);
void gst_vatt_terminal_clear (GstVattTerminal *terminal);
void gst_vatt_terminal_change_state (
    GstVattTerminal *terminal, GstElement *element, GstStateChange transition);
void gst_vatt_terminal_set_flushing (
    GstVattTerminal *terminal, gboolean flushing);
void gst_vatt_terminal_lose_state (
    GstVattTerminal *terminal, GstElement *element, guint32 seqnum);
void gst_vatt_terminal_regain_state (GstVattTerminal *terminal,
    GstElement *element, gboolean reset_time, guint32 seqnum);
void gst_vatt_terminal_flushed (
    GstVattTerminal *terminal, GstElement *element, gboolean reset_time);
gboolean gst_vatt_terminal_wait_playing (GstVattTerminal *terminal);
void gst_vatt_terminal_post_eos (
    GstVattTerminal *terminal, GstElement *element, guint32 seqnum);
gboolean gst_vatt_terminal_takes_event (
    GstVattTerminal *terminal, GstEvent *event);

G_END_DECLS
