/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the two halves of the reader share: gstvattmediareader.c is the
 * pipeline, gstvattmediastream.c takes what comes out of it. */
#pragma once

#include "gstvattmediareader.h"

G_BEGIN_DECLS

/* Only pictures and sound come from the file itself. */
#define N_STREAMS 2
G_STATIC_ASSERT (VATT_VIDEO < N_STREAMS && VATT_AUDIO < N_STREAMS);

typedef struct {
  GstVattMediaReader *reader;
  VattModality modality;
  GstPad *pad;     /* owned; NULL: the file has no such stream */
  GstCaps *wanted; /* owned; what it is converted to; NULL: as it is */

  /* Under the reader's lock. */
  GstSegment segment;
  GstCaps *caps;     /* owned; the newest */
  GstCaps *given;    /* owned; the newest that are in the media */
  GstClockTime next; /* where the last buffer ended, in the file */
  gboolean flushing;
  gboolean done; /* nothing of the part is still to come */
} GstVattMediaStream;

struct _GstVattMediaReader {
  GstElement *pipeline; /* owned; NULL: no file is open */
  char *path;           /* of the open file; owned */

  GMutex lock;
  GCond changed;
  GstVattMediaStream streams[N_STREAMS];
  GstVattSpan span;    /* what is being read; its path is not used */
  GstVattMedia *media; /* not owned; NULL: what comes has to wait */
  GError *error;       /* owned; the first failure of the pipeline */
  char *missing;       /* owned; a decoder that is not installed */
  gboolean exposed;    /* all streams are known */
  gboolean cancelled;
  guint64 progress; /* grows with everything that happens */
};

/* Both with the lock held; the second takes @error. */
void gst_vatt_media_reader_note_progress (GstVattMediaReader *self);
void gst_vatt_media_reader_fail (GstVattMediaReader *self, GError *error);

void gst_vatt_media_stream_open (
    GstVattMediaStream *stream, const char *media_type);
void gst_vatt_media_stream_link (GstVattMediaStream *stream, GstPad *pad);
void gst_vatt_media_stream_close (GstVattMediaStream *stream);

G_END_DECLS
