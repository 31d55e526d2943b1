/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where all encoders of a process that name one device have their windows
 * computed (docs/live.md, "The engine"). */
#pragma once

#include <gst/gst.h>
#include <vatt/session.h>

G_BEGIN_DECLS

#define GST_TYPE_VATT_ENGINE (gst_vatt_engine_get_type ())
G_DECLARE_FINAL_TYPE (GstVattEngine, gst_vatt_engine, GST, VATT_ENGINE, GObject)

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

/* One window on its way through the engine. */
struct _GstVattJob {
  GstVattJobParams params; /* model: a reference */
  VattClip *clip;          /* owned; one item */
  GstVattJobDone done;     /* or NULL */
  gpointer user_data;
  GDestroyNotify user_data_free;

  /* Results, once it is done. */
  float *values;         /* (dim), owned */
  GstClockTime computed; /* what the run took that it was part of */
  guint batch;           /* clips of that run */
  GError *error;         /* owned; NULL for success */

  /* The engine's. */
  gatomicrefcount refs;
  guint state;
};

GstVattJob *gst_vatt_job_new (const GstVattJobParams *params, VattClip *clip);
GstVattJob *gst_vatt_job_ref (GstVattJob *job);
void gst_vatt_job_unref (GstVattJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstVattJob, gst_vatt_job_unref)

GstVattEngine *gst_vatt_engine_new (VattDevice *device, GError **error);
VattDevice *gst_vatt_engine_get_device (GstVattEngine *self);
void gst_vatt_engine_use_model (GstVattEngine *self, VattModel *model);
void gst_vatt_engine_release_model (GstVattEngine *self, VattModel *model);

void gst_vatt_engine_submit (GstVattEngine *self, GstVattJob *job);
void gst_vatt_engine_wait (GstVattEngine *self, GstVattJob *job);
void gst_vatt_engine_cancel (GstVattEngine *self, GstVattJob *job);

G_END_DECLS
