/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_VATT_TEXT_TOK (gst_vatt_text_tok_get_type ())
G_DECLARE_FINAL_TYPE (
    GstVattTextTok, gst_vatt_text_tok, GST, VATT_TEXT_TOK, GstElement)
GST_ELEMENT_REGISTER_DECLARE (vatttexttok);

G_END_DECLS
