/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The pictures or the sound of a file: gstvattmediastream.c is the pipeline
 * that decodes them, gstvattmediapad.c takes what comes out of it. */
#pragma once

#include "gstvattmediareader.h"

#include <gst/audio/audio.h>

G_BEGIN_DECLS

typedef struct {
  VattModality modality;
  GstCaps *wanted;      /* owned; what pictures are converted to; NULL: as is */
  GstElement *pipeline; /* owned; NULL: no file is open */
  char *path;           /* of the open file; owned */
  GstPad *pad;          /* owned; NULL: the file has no such stream */
  const GstVattSpan *span; /* what is being read */

  GMutex lock;
  GCond changed;
  GstVattMedia *media; /* not owned; NULL: what comes has to wait */
  GstSegment segment;
  GstCaps *caps;     /* owned; the newest */
  GstAudioInfo info; /* of these, where they are of sound */
  GstCaps *given;    /* owned; the newest that are in the media */
  GstClockTime next; /* where the last buffer ended, in the file */
  GError *error;     /* owned; the first failure of the pipeline */
  char *missing;     /* owned; a decoder that is not installed */
  gboolean exposed;  /* all streams of the file are known */
  gboolean waiting;  /* a buffer is there */
  gboolean flushing;
  gboolean done; /* nothing of the part is still to come */
  gboolean cancelled;
  guint64 progress; /* grows with everything that happens */
} GstVattMediaStream;

void gst_vatt_media_stream_init (
    GstVattMediaStream *self, VattModality modality, GstCaps *wanted);
void gst_vatt_media_stream_clear (GstVattMediaStream *self);
gboolean gst_vatt_media_stream_read (GstVattMediaStream *self,
    const GstVattSpan *span, GstVattMedia *media, GError **error);
void gst_vatt_media_stream_close (GstVattMediaStream *self);
void gst_vatt_media_stream_cancel (GstVattMediaStream *self);

/* Both with the lock held; the second takes @error. */
void gst_vatt_media_stream_note_progress (GstVattMediaStream *self);
void gst_vatt_media_stream_fail (GstVattMediaStream *self, GError *error);

void gst_vatt_media_pad_open (GstVattMediaStream *self, GstPad *pad);
void gst_vatt_media_pad_close (GstVattMediaStream *self);

G_END_DECLS
