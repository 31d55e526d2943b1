/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Media files to embeddings, by a pipeline of the plugin's elements. */
#pragma once

#include <vatt/vatt.h>

/* Settings; nothing is owned. */
typedef struct {
  const char *model_file; /* as the user gave it: a path or a shipped name */
  VattModel *model;       /* the same, loaded */
  const char *space;      /* "none", "va" or "vt" */
  VattOutput output;      /* the same as an output */
  gboolean modality[VATT_N_MODALITIES]; /* which streams are wanted */
  double hop;                           /* seconds; 0 for the windows' span */
  guint threads;                        /* 0 for one per processor */
  const char *device, *weights;         /* as vattencoder takes them */
  gboolean progress;                    /* report on the terminal */
} VattMediaParams;

/* The windows of one stream of one file, in the order of time. */
typedef struct {
  VattModality modality;
  guint width;    /* numbers of an embedding */
  GArray *start;  /* double: seconds */
  GArray *end;    /* double: seconds */
  GArray *values; /* float: (windows, width) */
} VattMediaStream;

void vatt_media_stream_free (VattMediaStream *stream);

/* Initialises GStreamer and looks for the elements. */
gboolean vatt_media_start (GError **error);
/* Embeds the first stream of every modality. Returns an array of
 * VattMediaStream in the order video, audio, text, at least one of them with
 * a window; NULL with an error. *notes gets a line for everything in the file
 * that was left out; owned by the caller. */
GPtrArray *vatt_media_embed (const char *path, const VattMediaParams *params,
    char **notes, GError **error);
