/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which windows of others, in the order of their starts, go with one of the
 * lead. */
#pragma once

#include "gstvattalign.h"

G_BEGIN_DECLS

gboolean gst_vatt_match_same_clip (
    const GstVattAlignWindow *a, const GstVattAlignWindow *b);
/* NULL where none covers enough. */
GstVattAlignWindow *gst_vatt_match_find_partner (
    GQueue *windows, const GstVattAlignWindow *lead);
void gst_vatt_match_choose_captions (GQueue *captions,
    const GstVattAlignWindow *lead, const GstVattAlignParams *params,
    GstVattAligned *sample);

G_END_DECLS
