/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A space of a model is one of its outputs. */
#include "gstvattencodercaps.h"

#include "gstvatttokencaps.h"

static const VattOutput space_outputs[] = {
  [GST_VATT_SPACE_NONE] = VATT_OUTPUT_POOLED,
  [GST_VATT_SPACE_VA] = VATT_OUTPUT_VA,
  [GST_VATT_SPACE_VT] = VATT_OUTPUT_VT,
};

VattOutput
gst_vatt_encoder_space_output (GstVattSpace space)
{
  return space_outputs[space];
}

/*
 * gst_vatt_encoder_check_caps:
 * @pad: whose caps they are
 * @modality: of @pad
 * @setup: model, engine and space
 * @caps: (nullable): what arrives; %NULL while that is not known
 * @front_end: (out caller-allocates): how the tokens of @caps were made
 * @error: return location
 *
 * Returns: whether the model can compute that
 */
gboolean
gst_vatt_encoder_check_caps (GstPad *pad, VattModality modality,
    const GstVattEncoderSetup *setup, GstCaps *caps, VattFrontEnd *front_end,
    GError **error)
{
  VattModel *model = setup->model;
  if (!gst_vatt_token_caps_check (pad, modality, model, caps, front_end, error))
    return FALSE;
  /* It is the session that knows what a model lacks. */
  VattSessionParams params = { .modality = modality,
    .outputs = space_outputs[setup->space] };
  g_autoptr (VattSession) session = vatt_session_new (
      model, gst_vatt_engine_get_device (setup->engine), &params, error);
  return session != NULL;
}

/* Fills @kind with what @setup makes of @caps. */
void
gst_vatt_encoder_describe (VattModality modality,
    const GstVattEncoderSetup *setup, GstCaps *caps, GstVattResultKind *kind)
{
  *kind = (GstVattResultKind){
    .modality = modality,
    .space = setup->space,
    .dim = vatt_config_get_output_width (vatt_model_get_config (setup->model),
        modality, space_outputs[setup->space]),
    .model_id = vatt_model_get_id (setup->model),
    .rate_d = 1,
  };
  gst_structure_get_fraction (gst_caps_get_structure (caps, 0), "framerate",
      &kind->rate_n, &kind->rate_d);
}
