/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where all encoders of a process that name one device have their windows
 * computed (docs/live.md, "The engine"). */
#pragma once

#include "gstvattjob.h"

#include <vatt/session.h>

G_BEGIN_DECLS

#define GST_TYPE_VATT_ENGINE (gst_vatt_engine_get_type ())
G_DECLARE_FINAL_TYPE (GstVattEngine, gst_vatt_engine, GST, VATT_ENGINE, GObject)

GstVattEngine *gst_vatt_engine_new (VattDevice *device, GError **error);
VattDevice *gst_vatt_engine_get_device (GstVattEngine *self);
void gst_vatt_engine_use_model (GstVattEngine *self, VattModel *model);
void gst_vatt_engine_release_model (GstVattEngine *self, VattModel *model);

void gst_vatt_engine_submit (GstVattEngine *self, GstVattJob *job);
void gst_vatt_engine_wait (GstVattEngine *self, GstVattJob *job);
void gst_vatt_engine_cancel (GstVattEngine *self, GstVattJob *job);

G_END_DECLS
