/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Data sets whose media say what they are, and a record of what
 * vattdatasetsrc makes of them: a sample's value is its number, a picture's
 * grey ten times its. */
#pragma once

#include "media.h"

#include <vatt/modality.h>

#define RATE 8000 /* samples a second */
#define SIZE 32   /* of a picture */
#define FPS 10    /* pictures a second */
#define N_PICTURES 24
#define MS GST_MSECOND

/* A clip as a pad sent it. */
typedef struct {
  GstSegment segment;
  GstStructure *fields;       /* of its event */
  GByteArray *data;           /* of all buffers */
  GArray *starts, *durations; /* of GstClockTime, one for each buffer */
  GstClockTime gaps;          /* length of GAP events */
  guint n_gaps;
  guint wrong_metas; /* buffers whose meta is not that of the event */
} Clip;

/* All that a run did. */
typedef struct {
  GstElement *pipeline, *source;
  GMutex lock;
  GPtrArray *clips[VATT_N_MODALITIES]; /* under lock; of Clip */
  guint eos[VATT_N_MODALITIES];        /* under lock */
  guint warnings, errors;
  char *warning, *error; /* the first ones, or NULL */
  GPtrArray *skipped;    /* of GstStructure: vatt-skipped */
  GPtrArray *epochs;     /* of GstStructure: vatt-epoch */
} Run;

char *dataset_wav (const char *name, guint n_samples);
char *dataset_webm (const char *name);
char *dataset_manifest (const char *text);

Run *run_new (const char *settings, const char *pads);
void run_wait_eos (Run *run);
void run_wait_clips (Run *run, VattModality modality, guint n);
Run *run_all (const char *settings, const char *pads);
guint64 run_stat (Run *run, const char *field);
void run_free (Run *run);

const Clip *run_clip (Run *run, VattModality modality, guint index);
guint64 clip_number (const Clip *clip, const char *field);
const char *clip_string (const Clip *clip, const char *field);
void check_samples (const Clip *clip, guint first, guint n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Run, run_free)
