/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GError to element error or warning: one table for every element. */
#pragma once

#include <gst/gst.h>
#include <vatt/error.h>

G_BEGIN_DECLS

void gst_vatt_error_post (GstElement *element, const GError *error);
void gst_vatt_error_post_warning (GstElement *element, const GError *error);

G_END_DECLS
