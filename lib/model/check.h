/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What sessions and trainers refuse to read. */
#pragma once

#include "model-private.h"

#include <vatt/session.h>

gboolean vatt_check_finite (const float *values, gsize n, gsize *where);
gboolean vatt_check_features (VattModel *model, const VattSessionParams *params,
    const float *features, guint batch, guint width, GError **error);
/* Whether a tower can read a clip: its modality, token size and values. */
gboolean vatt_check_clip (VattModel *model, VattModality modality,
    const VattClip *clip, GError **error);
