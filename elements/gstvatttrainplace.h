/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where the streams of a training stand, as a checkpoint keeps it. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_VATT_DATA_SET_SIZE 65

/* Of one stream. */
typedef struct {
  guint number;    /* of the stream */
  guint64 taken;   /* samples that have been taken */
  guint64 clip;    /* of a data set: of the last sample; or GST_VATT_NO_CLIP */
  guint64 of_clip; /* samples of that clip that have been taken */
  char data_set[GST_VATT_DATA_SET_SIZE]; /* digest of it; "": is not known */
} GstVattTrainPlace;

GVariant *gst_vatt_train_places_pack (
    const GArray *places, guint turn, const char *settings);
GArray *gst_vatt_train_places_unpack (
    GVariant *packed, guint *turn, char **settings);
const GstVattTrainPlace *gst_vatt_train_places_find (
    const GArray *places, guint number);

G_END_DECLS
