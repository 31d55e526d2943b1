/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sound of a part that has been read. */
#pragma once

#include "gstvattmediareader.h"

G_BEGIN_DECLS

gboolean gst_vatt_media_finish_sound (GstVattMedia *media, GstCaps *wanted,
    const GstVattSpan *span, GError **error);

G_END_DECLS
