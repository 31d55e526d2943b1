/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an encoder's pads take, and what becomes of it. */
#pragma once

#include "gstvattengine.h"
#include "gstvattresult.h"

G_BEGIN_DECLS

/* What the element wants computed, and by whom. */
typedef struct {
  VattModel *model;
  GstVattEngine *engine;
  GstVattSpace space;
} GstVattEncoderSetup;

VattOutput gst_vatt_encoder_space_output (GstVattSpace space);
gboolean gst_vatt_encoder_check_caps (GstPad *pad, VattModality modality,
    const GstVattEncoderSetup *setup, GstCaps *caps, VattFrontEnd *front_end,
    GError **error);
void gst_vatt_encoder_describe (VattModality modality,
    const GstVattEncoderSetup *setup, GstCaps *caps, GstVattResultKind *kind);

G_END_DECLS
