/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the engine is asked to compute: one window. */
#pragma once

#include <gst/gst.h>
#include <vatt/clip.h>
#include <vatt/model.h>

G_BEGIN_DECLS

typedef struct _GstVattJob GstVattJob;

/* Called on the engine's thread, without locks, when a job is done. */
typedef void (*GstVattJobDone) (const GstVattJob *job, gpointer user_data);

/* What to compute. */
typedef struct {
  VattModel *model;
  VattModality modality;
  VattOutput output;
  guint dim;       /* values of the output */
  guint max_batch; /* most clips to compute together */
  guint keep;      /* tokens to keep of a full clip; 0: all */
  guint64 seed;    /* of the choice */
  gboolean trial;  /* to learn the time: if nobody waits, of a second run */
} GstVattJobParams;

typedef enum {
  GST_VATT_JOB_NEW,
  GST_VATT_JOB_WAITING,
  GST_VATT_JOB_RUNNING,
  GST_VATT_JOB_DONE,
} GstVattJobState;

/* One window on its way through the engine. */
struct _GstVattJob {
  GstVattJobParams params; /* model: a reference */
  VattClip *clip;          /* owned; one item; NULL once it was computed */
  guint tokens;            /* of the clip that are computed */
  GstVattJobDone done;     /* or NULL */
  gpointer user_data;
  GDestroyNotify user_data_free;

  /* Results, once it is done. */
  float *values;         /* (dim), owned */
  GstClockTime computed; /* what the run took that it was part of */
  guint batch;           /* clips of that run */
  GError *error;         /* owned; NULL for success */

  gatomicrefcount refs;
  GstVattJobState state; /* the engine's, under its lock */
};

GstVattJob *gst_vatt_job_new (const GstVattJobParams *params, VattClip *clip);
GstVattJob *gst_vatt_job_ref (GstVattJob *job);
void gst_vatt_job_unref (GstVattJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstVattJob, gst_vatt_job_unref)

gboolean gst_vatt_job_same_grid (const guint *a, const guint *b);
gboolean gst_vatt_job_fits (const GstVattJob *a, const GstVattJob *b);

G_END_DECLS
