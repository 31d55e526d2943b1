/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A buffer becomes a clip without a copy; the clip goes through the network.
 * Geometry may differ from the model's, as positions are resampled; what a
 * patch is may not. */
#include "gstvattencoderpad.h"

#include "gstvattcaps.h"
#include "gstvatterror.h"
#include "gstvattmeta.h"

struct _GstVattEncoderPad {
  GstAggregatorPad parent;

  VattModality modality;
  GCancellable *cancellable; /* object lock; owned; of the run in progress */

  /* The aggregating thread's. */
  gboolean refused;       /* the last caps were; an error has told why */
  VattFrontEnd front_end; /* of what arrives */
  VattSession *session;   /* owned; NULL before caps */
  VattOutput output;
  GstVattResultKind kind; /* its model_id is the session's model's */
};

G_DEFINE_TYPE (GstVattEncoderPad, gst_vatt_encoder_pad, GST_TYPE_AGGREGATOR_PAD)

static const VattOutput space_outputs[] = {
  [GST_VATT_SPACE_NONE] = VATT_OUTPUT_POOLED,
  [GST_VATT_SPACE_VA] = VATT_OUTPUT_VA,
  [GST_VATT_SPACE_VT] = VATT_OUTPUT_VT,
};

/* Fields that may differ from the model's front end. */
static const char *const free_fields[] = { "tokens", "grid-t", "grid-h",
  "grid-w", "frames", "width", "height", "samples", "sample-rate", "box-left",
  "box-top", "box-width", "box-height" };

VattModality
gst_vatt_encoder_pad_get_modality (GstVattEncoderPad *self)
{
  return self->modality;
}

void
gst_vatt_encoder_pad_set_modality (
    GstVattEncoderPad *self, VattModality modality)
{
  self->modality = modality;
}

/*
 * gst_vatt_encoder_pad_wanted_caps:
 * @self: a pad
 * @model: the model
 *
 * Returns: (transfer full): first what the model was trained with, then what
 *   it can read as well; empty if it has no tower for this pad
 */
GstCaps *
gst_vatt_encoder_pad_wanted_caps (GstVattEncoderPad *self, VattModel *model)
{
  const VattFrontEnd *front_end =
      vatt_config_get_front_end (vatt_model_get_config (model), self->modality);
  if (!front_end || front_end->input == VATT_INPUT_NONE)
    return gst_caps_new_empty ();
  GstCaps *caps = gst_vatt_caps_from_front_end (
      front_end, self->modality, vatt_model_get_id (model));
  if (self->modality == VATT_TEXT)
    return caps;
  GstStructure *loose = gst_structure_copy (gst_caps_get_structure (caps, 0));
  for (guint i = 0; i < G_N_ELEMENTS (free_fields); i++)
    gst_structure_remove_field (loose, free_fields[i]);
  gst_caps_append_structure (caps, loose);
  return caps;
}

static gboolean
check_caps (
    GstVattEncoderPad *self, VattModel *model, GstCaps *caps, GError **error)
{
  g_autoptr (GstCaps) wanted = gst_vatt_encoder_pad_wanted_caps (self, model);
  if (gst_caps_is_empty (wanted)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
        "model '%s' has no tower for %s", vatt_model_get_id (model),
        vatt_modality_name (self->modality));
    return FALSE;
  }
  if (!gst_caps_can_intersect (caps, wanted)) {
    gst_vatt_mismatch_set (error, caps, wanted,
        "%s: tokens from upstream do not fit model '%s'", GST_PAD_NAME (self),
        vatt_model_get_id (model));
    return FALSE;
  }
  return gst_vatt_caps_to_front_end (gst_caps_get_structure (caps, 0),
      self->modality, &self->front_end, error);
}

/*
 * gst_vatt_encoder_pad_set_caps:
 * @self: a pad
 * @setup: model, device and space
 * @caps: what will arrive
 * @error: return location
 *
 * Makes the session.
 */
gboolean
gst_vatt_encoder_pad_set_caps (GstVattEncoderPad *self,
    const GstVattEncoderSetup *setup, GstCaps *caps, GError **error)
{
  g_clear_object (&self->session);
  if (!check_caps (self, setup->model, caps, error))
    return FALSE;
  self->output = space_outputs[setup->space];
  VattSessionParams params = { .modality = self->modality,
    .outputs = self->output };
  self->session =
      vatt_session_new (setup->model, setup->device, &params, error);
  if (!self->session)
    return FALSE;
  self->kind = (GstVattResultKind){
    .modality = self->modality,
    .space = setup->space,
    .dim = vatt_config_get_output_width (
        vatt_model_get_config (setup->model), self->modality, self->output),
    .model_id = vatt_model_get_id (setup->model),
    .rate_d = 1,
  };
  gst_structure_get_fraction (gst_caps_get_structure (caps, 0), "framerate",
      &self->kind.rate_n, &self->kind.rate_d);
  self->refused = FALSE;
  return TRUE;
}

/* Returns: whether to tell it. Upstream may send what was refused once more,
 * and buffers behind it. */
gboolean
gst_vatt_encoder_pad_refuse (GstVattEncoderPad *self)
{
  gboolean first = !self->refused;
  self->refused = TRUE;
  return first;
}

gboolean
gst_vatt_encoder_pad_has_refused (GstVattEncoderPad *self)
{
  return self->refused;
}

/* Time from one window to the next; NONE for captions. */
GstClockTime
gst_vatt_encoder_pad_get_hop (GstVattEncoderPad *self)
{
  if (self->kind.rate_n <= 0)
    return GST_CLOCK_TIME_NONE;
  return gst_util_uint64_scale_int (
      GST_SECOND, self->kind.rate_d, self->kind.rate_n);
}

typedef struct {
  GstBuffer *buffer; /* a reference */
  GstMapInfo map;
} MappedBuffer;

static void
mapped_buffer_free (gpointer data)
{
  MappedBuffer *mapped = data;
  gst_buffer_unmap (mapped->buffer, &mapped->map);
  gst_buffer_unref (mapped->buffer);
  g_free (mapped);
}

/* Returns: (transfer full): a clip that reads @buffer's memory */
static VattClip *
make_clip (GstVattEncoderPad *self, GstBuffer *buffer, GError **error)
{
  const VattFrontEnd *fe = &self->front_end;
  gsize token_bytes = (gsize)fe->token_size * sizeof (float);
  gsize size = gst_buffer_get_size (buffer);
  guint whole = gst_vatt_front_end_tokens (fe);
  const GstVattMeta *meta = gst_buffer_get_vatt_meta (buffer);
  guint n_kept = meta ? meta->n_kept : 0;
  guint tokens = n_kept ? n_kept : whole;
  if (size != tokens * token_bytes) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%s: a buffer has %" G_GSIZE_FORMAT " bytes, but %u tokens of %u "
        "values take %" G_GSIZE_FORMAT,
        GST_PAD_NAME (self), size, tokens, fe->token_size,
        tokens * token_bytes);
    return NULL;
  }
  MappedBuffer *mapped = g_new (MappedBuffer, 1);
  mapped->buffer = gst_buffer_ref (buffer);
  if (!gst_buffer_map (buffer, &mapped->map, GST_MAP_READ)) {
    gst_buffer_unref (buffer);
    g_free (mapped);
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "%s: a buffer cannot be mapped", GST_PAD_NAME (self));
    return NULL;
  }
  g_autoptr (GBytes) bytes = g_bytes_new_with_free_func (
      mapped->map.data, mapped->map.size, mapped_buffer_free, mapped);
  return vatt_clip_new_from_bytes (self->modality, 1, fe->grid, fe->token_size,
      tokens, n_kept ? meta->kept : NULL, bytes, error);
}

static GCancellable *
get_cancellable (GstVattEncoderPad *self)
{
  GST_OBJECT_LOCK (self);
  GCancellable *cancellable = g_object_ref (self->cancellable);
  GST_OBJECT_UNLOCK (self);
  return cancellable;
}

/*
 * gst_vatt_encoder_pad_run:
 * @self: a pad with caps
 * @buffer: a clip
 * @result: (out caller-allocates): its kind, values (to be freed by the
 *   caller) and processing time are set
 * @error: return location; %G_IO_ERROR_CANCELLED after a flush
 */
gboolean
gst_vatt_encoder_pad_run (GstVattEncoderPad *self, GstBuffer *buffer,
    GstVattResult *result, GError **error)
{
  g_autoptr (VattClip) clip = make_clip (self, buffer, error);
  if (!clip)
    return FALSE;
  g_autoptr (GCancellable) cancellable = get_cancellable (self);
  GstClockTime before = gst_util_get_timestamp ();
  if (!vatt_session_run (self->session, clip, cancellable, error))
    return FALSE;
  result->processing_time = gst_util_get_timestamp () - before;
  const float *values =
      vatt_session_get_output (self->session, self->output, NULL);
  result->kind = self->kind;
  result->values = g_memdup2 (values, self->kind.dim * sizeof (float));
  return TRUE;
}

/* Ends a run in progress, or allows runs again. */
void
gst_vatt_encoder_pad_set_flushing (GstVattEncoderPad *self, gboolean flushing)
{
  g_autoptr (GCancellable) old = NULL;
  GST_OBJECT_LOCK (self);
  if (flushing) {
    old = g_object_ref (self->cancellable);
  } else if (g_cancellable_is_cancelled (self->cancellable)) {
    old = self->cancellable;
    self->cancellable = g_cancellable_new ();
  }
  GST_OBJECT_UNLOCK (self);
  if (flushing)
    g_cancellable_cancel (old);
}

void
gst_vatt_encoder_pad_stop (GstVattEncoderPad *self)
{
  self->refused = FALSE;
  g_clear_object (&self->session);
}

static void
encoder_pad_finalize (GObject *object)
{
  GstVattEncoderPad *self = GST_VATT_ENCODER_PAD (object);
  g_clear_object (&self->session);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (gst_vatt_encoder_pad_parent_class)->finalize (object);
}

static void
gst_vatt_encoder_pad_init (GstVattEncoderPad *self)
{
  self->cancellable = g_cancellable_new ();
  self->kind.rate_d = 1;
}

static void
gst_vatt_encoder_pad_class_init (GstVattEncoderPadClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = encoder_pad_finalize;
}
