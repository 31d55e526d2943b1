/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Classes that become each other where a clip is mirrored or runs backwards. */
#pragma once

#include "gstvattmeta.h"

G_BEGIN_DECLS

/* Of each change the partner of every class, itself where it has none; NULL
 * where the change leaves all classes as they are. */
typedef struct {
  guint *partner[GST_VATT_N_CHANGES]; /* owned; (classes) */
  guint classes;
} GstVattExchange;

gboolean gst_vatt_exchange_read (GstVattExchange *self, GstVattChanges change,
    const char *pairs, const char *const *labels, guint classes,
    GError **error);
void gst_vatt_exchange_apply (
    const GstVattExchange *self, guint changes, float *label_row);
void gst_vatt_exchange_clear (GstVattExchange *self);

G_END_DECLS
