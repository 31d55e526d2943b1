/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Models that a trainer of this process hands to others, by the name of its
 * element: `trainer:NAME` stands where the path of a model file may. */
#pragma once

#include <gst/gst.h>
#include <vatt/model.h>

G_BEGIN_DECLS

const char *gst_vatt_published_parse (const char *path);
void gst_vatt_published_set (GstElement *trainer, VattModel *model);
void gst_vatt_published_withdraw (GstElement *trainer);
VattModel *gst_vatt_published_get (
    const char *name, GstElement *reader, GError **error);
char *gst_vatt_published_version (const char *name, GstElement *reader);
gboolean gst_vatt_published_exists (const char *name);
gboolean gst_vatt_published_prepare (GstElement *reader, const char *name);

G_END_DECLS
