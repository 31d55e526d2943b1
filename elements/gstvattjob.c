/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstvattjob.h"

#include <string.h>

/*
 * gst_vatt_job_new:
 * @params: what to compute
 * @clip: (transfer full): one item
 *
 * Returns: (transfer full): a job to be submitted once
 */
GstVattJob *
gst_vatt_job_new (const GstVattJobParams *params, VattClip *clip)
{
  GstVattJob *job = g_new0 (GstVattJob, 1);
  job->params = *params;
  g_object_ref (job->params.model);
  job->clip = clip;
  job->tokens = params->keep ? params->keep : vatt_clip_tokens (clip);
  job->values = g_new0 (float, params->dim);
  g_atomic_ref_count_init (&job->refs);
  return job;
}

GstVattJob *
gst_vatt_job_ref (GstVattJob *job)
{
  g_atomic_ref_count_inc (&job->refs);
  return job;
}

void
gst_vatt_job_unref (GstVattJob *job)
{
  if (!g_atomic_ref_count_dec (&job->refs))
    return;
  if (job->user_data_free)
    job->user_data_free (job->user_data);
  g_object_unref (job->params.model);
  vatt_clip_free (job->clip);
  g_clear_error (&job->error);
  g_free (job->values);
  g_free (job);
}

gboolean
gst_vatt_job_same_grid (const guint *a, const guint *b)
{
  return memcmp (a, b, 3 * sizeof *a) == 0;
}

/* Whether two windows can be computed as one batch. Where tokens were dropped
 * before, the choices differ. */
gboolean
gst_vatt_job_fits (const GstVattJob *a, const GstVattJob *b)
{
  return a->params.model == b->params.model &&
         a->params.modality == b->params.modality &&
         a->params.output == b->params.output &&
         a->params.keep == b->params.keep && !a->params.trial &&
         !b->params.trial && !vatt_clip_kept (a->clip) &&
         !vatt_clip_kept (b->clip) &&
         vatt_clip_token_size (a->clip) == vatt_clip_token_size (b->clip) &&
         gst_vatt_job_same_grid (
             vatt_clip_grid (a->clip), vatt_clip_grid (b->clip));
}
