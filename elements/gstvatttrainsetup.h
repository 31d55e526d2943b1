/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a trainer works with: made of the settings on the way to READY. */
#pragma once

#include "gstvattexchange.h"
#include "gstvatttrainplace.h"
#include "gstvatttrainsettings.h"

#include <vatt/checkpoints.h>

G_BEGIN_DECLS

typedef struct {
  GstVattTrainSettings settings; /* a copy */
  VattTrainerParams params;
  VattModel *model;             /* owned; to begin with */
  VattDevice *device;           /* owned */
  VattTrainer *trainer;         /* owned */
  VattReservoir *reservoir;     /* owned */
  VattCheckpoints *checkpoints; /* owned, or NULL */
  GArray *places;               /* owned; where a checkpoint has left streams */
  guint turn;                   /* which of them was to be next */
  guint modalities;  /* bits 1 << modality: that the objective needs */
  VattModality lead; /* the first of them */
  guint classes;     /* of a classifier; else 0 */
  char **labels;     /* owned; names of the classes, or NULL */
  float *label_row;  /* owned; (classes) */
  GstVattExchange exchange;
} GstVattTrainSetup;

gboolean gst_vatt_train_setup_open (GstVattTrainSetup *setup,
    const GstVattTrainSettings *settings, GError **error);
char *gst_vatt_train_setup_describe (const GstVattTrainSettings *settings);
void gst_vatt_train_setup_close (GstVattTrainSetup *setup);
gboolean gst_vatt_train_setup_read_label (
    GstVattTrainSetup *setup, const char *label, gint class_id, GError **error);

G_END_DECLS
