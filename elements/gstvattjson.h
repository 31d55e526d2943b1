/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writing JSON objects, a field at a time: each but the first begins with a
 * comma. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

void gst_vatt_json_append_number (
    GString *text, const char *format, double value);
void gst_vatt_json_append_time (
    GString *text, const char *name, GstClockTime time);
void gst_vatt_json_append_quoted (GString *text, const char *value);
void gst_vatt_json_append_string (
    GString *text, const char *name, const char *value);

G_END_DECLS
