/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How long after its timestamp a window ends. Only a tokeniser knows; an
 * element behind the encoder asks it by a query. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

gboolean gst_vatt_lead_ask (GstPad *sinkpad, GstClockTime *lead);
gboolean gst_vatt_lead_answer (GstQuery *query, GstClockTime lead);

G_END_DECLS
