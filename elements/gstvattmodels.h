/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Models, devices and engines that the elements of one process share. */
#pragma once

#include "gstvattengine.h"

G_BEGIN_DECLS

#define GST_TYPE_VATT_WEIGHTS (gst_vatt_weights_get_type ())
/* Of VattWeightStorage. */
GType gst_vatt_weights_get_type (void);

VattModel *gst_vatt_models_load (
    const char *path, GstElement *reader, GError **error);
VattModel *gst_vatt_models_load_full (const char *path, GstElement *reader,
    GCancellable *cancellable, GError **error);
char *gst_vatt_models_version (const char *path, GstElement *reader);
VattModel *gst_vatt_models_find (const char *model_id);
void gst_vatt_models_add (VattModel *model);
VattDevice *gst_vatt_models_get_device (
    const char *name, const VattDeviceParams *params, GError **error);
GstVattEngine *gst_vatt_models_get_engine (
    const char *name, const VattDeviceParams *params, GError **error);

G_END_DECLS
