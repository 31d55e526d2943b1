/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A row for each property of vatttrainsink that can be set: where its value is,
 * and what it may be. */
#pragma once

#include "gstvatttrainsettings.h"

G_BEGIN_DECLS

typedef enum {
  GST_VATT_ROW_STRING,
  GST_VATT_ROW_UINT,
  GST_VATT_ROW_UINT64,
  GST_VATT_ROW_DOUBLE,
  GST_VATT_ROW_BOOLEAN,
  GST_VATT_ROW_ENUM,
} GstVattRowKind;

typedef struct {
  const char *name, *nick, *blurb;
  GstVattRowKind kind;
  gsize offset;
  double least, most;   /* most 0: what the type can hold */
  double initial;       /* of the trainer's: the task's instead */
  GType (*type) (void); /* of GST_VATT_ROW_ENUM */
  const char *text;   /* of GST_VATT_ROW_STRING: what it is at the beginning */
  gboolean any_state; /* read while it plays; else on the way to READY only */
} GstVattTrainRow;

/* Numbers of those of the trainer are bits of `given`: they come first. */
extern const GstVattTrainRow gst_vatt_train_rows[];
extern const guint gst_vatt_n_train_rows;

gboolean gst_vatt_train_row_is_trainers (guint index);

G_END_DECLS
