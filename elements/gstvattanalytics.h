/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GStreamer's own metadata for results of analysis, where the installed
 * GStreamer has them; elsewhere these do nothing. */
#pragma once

#include "gstvattlabelresult.h"

G_BEGIN_DECLS

void gst_vatt_analytics_add_embedding (GstBuffer *buffer, guint dim);
void gst_vatt_analytics_add_labels (
    GstBuffer *buffer, const GstVattLabelResult *result);

G_END_DECLS
