/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A custom query that goes downstream before an encoder takes another model:
 * whether those behind it could go on with what that gives. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

gboolean gst_vatt_fits_ask (
    GstPad *srcpad, const GstCaps *caps, GError **error);
GstCaps *gst_vatt_fits_parse (GstQuery *query);
void gst_vatt_fits_refuse (GstQuery *query, const GError *error);

G_END_DECLS
