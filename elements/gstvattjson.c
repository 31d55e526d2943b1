/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstvattjson.h"

/* With a point whatever the locale. */
void
gst_vatt_json_append_number (GString *text, const char *format, double value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append (
      text, g_ascii_formatd (digits, sizeof digits, format, value));
}

void
gst_vatt_json_append_time (GString *text, const char *name, GstClockTime time)
{
  if (GST_CLOCK_TIME_IS_VALID (time))
    g_string_append_printf (text, ",\"%s\":%" G_GUINT64_FORMAT, name, time);
  else
    g_string_append_printf (text, ",\"%s\":null", name);
}

/* Labels and names may hold anything. */
void
gst_vatt_json_append_quoted (GString *text, const char *value)
{
  g_autofree char *valid = g_utf8_make_valid (value, -1);
  g_string_append_c (text, '"');
  for (const char *c = valid; *c; c++) {
    if (*c == '"' || *c == '\\')
      g_string_append_c (text, '\\');
    if ((guchar)*c < 0x20)
      g_string_append_printf (text, "\\u%04x", (guint)(guchar)*c);
    else
      g_string_append_c (text, *c);
  }
  g_string_append_c (text, '"');
}

void
gst_vatt_json_append_string (GString *text, const char *name, const char *value)
{
  g_string_append_printf (text, ",\"%s\":", name);
  gst_vatt_json_append_quoted (text, value);
}
