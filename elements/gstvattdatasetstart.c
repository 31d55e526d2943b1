/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where a run begins: what is sent is told, and who is behind may know. */
#include "gstvattdatasetsrcprivate.h"
#include "gstvattresume.h"

#include <string.h>

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_dataset_debug);
#define GST_CAT_DEFAULT gst_vatt_dataset_debug

static void
add_text (GChecksum *sum, const char *text)
{
  /* With its end, so that "a", "b" is not "ab". */
  g_checksum_update (sum, (const guchar *)(text ? text : ""),
      text ? (gssize)strlen (text) + 1 : 1);
}

/* Returns: (transfer full): a digest of which clips come, and in which order */
static char *
digest_of (const GstVattFeedParams *params)
{
  const VattOrder *order = &params->order;
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *how = g_strdup_printf ("%d %" G_GUINT64_FORMAT
                                          " %u %u %d %d %" G_GUINT64_FORMAT,
      order->shuffle, (guint64)order->seed, order->rank, order->world_size,
      (int)order->remainder, (int)params->clip.text_source,
      params->clip.still_duration);
  add_text (sum, how);
  for (guint i = 0; i < VATT_N_MODALITIES; i++) {
    g_autofree char *caps =
        params->clip.caps[i] ? gst_caps_to_string (params->clip.caps[i]) : NULL;
    add_text (sum, caps);
  }
  for (guint i = 0; i < vatt_manifest_get_n_rows (params->manifest); i++) {
    const VattManifestRow *row = vatt_manifest_get_row (params->manifest, i);
    g_autofree char *when = g_strdup_printf (
        "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, row->start, row->end);
    add_text (sum, row->name);
    add_text (sum, when);
    add_text (sum, row->label);
    add_text (sum, row->text);
    add_text (sum, row->captions);
    add_text (sum, row->audio);
  }
  return g_strdup (g_checksum_get_string (sum));
}

/* A trainer behind us may go on from a checkpoint, if it is of these clips. */
guint64
gst_vatt_dataset_src_find_start (GstVattDatasetSrc *self,
    const GstVattDatasetSettings *settings, const GstVattFeedParams *params)
{
  guint64 start = settings->start_at;
  gboolean given = settings->start_given;
  g_autofree char *data_set = digest_of (params);
  for (guint i = 0; i < VATT_N_MODALITIES; i++) {
    guint64 clip;
    if (!self->pads[i] ||
        !gst_vatt_resume_ask (self->pads[i]->pad, data_set,
            vatt_manifest_get_labels (params->manifest), &clip) ||
        given)
      continue;
    GST_INFO_OBJECT (self, "goes on with clip %" G_GUINT64_FORMAT, clip);
    start = clip;
    given = TRUE;
  }
  return start;
}
