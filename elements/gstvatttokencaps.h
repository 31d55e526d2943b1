/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What sink pads for tokens take: a model's front end, or what the model can
 * read as well. */
#pragma once

#include <gst/gst.h>
#include <vatt/clip.h>
#include <vatt/model.h>

G_BEGIN_DECLS

GstCaps *gst_vatt_token_caps_wanted (VattModality modality, VattModel *model);
GstCaps *gst_vatt_token_caps_adopt (VattModel *model, GstCaps *caps);
gboolean gst_vatt_token_caps_check (GstPad *pad, VattModality modality,
    VattModel *model, GstCaps *caps, VattFrontEnd *front_end, GError **error);
void gst_vatt_token_caps_answer (
    GstPad *pad, VattModality modality, VattModel *model, GstQuery *query);
void gst_vatt_token_caps_answer_accept (VattModality modality, GstQuery *query);

VattClip *gst_vatt_token_caps_make_clip (GstPad *pad, VattModality modality,
    const VattFrontEnd *fe, GstBuffer *buffer, GError **error);

G_END_DECLS
