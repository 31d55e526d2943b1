/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where the streams of a training stand, as a checkpoint keeps it. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Of one stream. */
typedef struct {
  guint number;    /* of the stream */
  guint64 taken;   /* samples that have been taken */
  guint64 clip;    /* of a data set: of the last sample; or GST_VATT_NO_CLIP */
  guint64 of_clip; /* samples of that clip that have been taken */
} GstVattTrainPlace;

GVariant *gst_vatt_train_places_pack (const GArray *places, guint turn);
GArray *gst_vatt_train_places_unpack (GVariant *packed, guint *turn);
const GstVattTrainPlace *gst_vatt_train_places_find (
    const GArray *places, guint number);

G_END_DECLS
