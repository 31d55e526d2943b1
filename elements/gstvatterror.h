/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GError to element error or warning: one table for every element. */
#pragma once

#include <gst/gst.h>
#include <vatt/error.h>

G_BEGIN_DECLS

/* Caps on the two sides of a link that do not fit; the error keeps both. */
#define GST_VATT_MISMATCH (gst_vatt_mismatch_quark ())
GQuark gst_vatt_mismatch_quark (void);
void gst_vatt_mismatch_set (GError **error, const GstCaps *found,
    const GstCaps *expected, const char *format, ...) G_GNUC_PRINTF (4, 5);

void gst_vatt_error_post (GstElement *element, const GError *error);
void gst_vatt_error_post_warning (GstElement *element, const GError *error);

G_END_DECLS
