/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The encoder's model and device: loaded on the way to READY; the model is
 * exchanged between two windows. */
#include "gstvattencoderprivate.h"
#include "gstvatterror.h"
#include "gstvattfits.h"
#include "gstvattmodels.h"
#include "gstvattpublished.h"
#include "gstvatttokencaps.h"

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_encoder_debug);
#define GST_CAT_DEFAULT gst_vatt_encoder_debug

/* References to what is in use, and the space. */
static GstVattEncoderSetup
get_setup (GstVattEncoder *self)
{
  GST_OBJECT_LOCK (self);
  GstVattEncoderSetup setup = {
    .model = self->model ? g_object_ref (self->model) : NULL,
    .engine = self->engine ? g_object_ref (self->engine) : NULL,
    .space = self->settings.space,
  };
  GST_OBJECT_UNLOCK (self);
  return setup;
}

static void
clear_setup (GstVattEncoderSetup *setup)
{
  g_clear_object (&setup->model);
  g_clear_object (&setup->engine);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GstVattEncoderSetup, clear_setup)

static void
post_event (GstVattEncoder *self, const char *event, const char *path,
    const char *reason)
{
  g_auto (GstVattEncoderSetup) setup = get_setup (self);
  /* A path may be any bytes, a structure's text may not. */
  g_autofree char *file = path ? g_utf8_make_valid (path, -1) : NULL;
  g_autofree char *why = reason ? g_utf8_make_valid (reason, -1) : NULL;
  GstStructure *structure = gst_structure_new ("vatt-model", "event",
      G_TYPE_STRING, event, "model", G_TYPE_STRING, file, "model-id",
      G_TYPE_STRING, setup.model ? vatt_model_get_id (setup.model) : NULL,
      "device", G_TYPE_STRING,
      setup.engine
          ? vatt_device_get_name (gst_vatt_engine_get_device (setup.engine))
          : NULL,
      NULL);
  if (why)
    gst_structure_set (structure, "reason", G_TYPE_STRING, why, NULL);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), structure));
}

static void
announce (GstVattEncoder *self, const char *event, const char *path)
{
  GST_OBJECT_LOCK (self);
  g_autoptr (VattModel) model = g_object_ref (self->model);
  gboolean warn = !vatt_model_is_trained (model) && !self->untrained_told;
  self->untrained_told |= warn;
  GST_OBJECT_UNLOCK (self);
  GST_INFO_OBJECT (self, "%s model %s", event, vatt_model_get_id (model));
  if (warn)
    GST_ELEMENT_WARNING (self, LIBRARY, SETTINGS,
        ("Model %s is not trained: its embeddings mean nothing.",
            vatt_model_get_id (model)),
        (NULL));
  post_event (self, event, path, NULL);
}

/* ---- another model ---- */

static gboolean
pad_fits (
    GstVattEncoderPad *pad, const GstVattEncoderSetup *setup, GError **error)
{
  VattFrontEnd unused;
  g_autoptr (GstCaps) now = gst_vatt_encoder_pad_get_caps (pad);
  g_autoptr (GstCaps) caps =
      now ? gst_vatt_token_caps_adopt (setup->model, now) : NULL;
  return gst_vatt_encoder_check_caps (GST_PAD (pad),
      gst_vatt_encoder_pad_get_modality (pad), setup, caps, &unused, error);
}

static gboolean
fits (GstElement *element, VattModel *model, GError **error)
{
  GstVattEncoder *self = GST_VATT_ENCODER (element);
  g_auto (GstVattEncoderSetup) setup = get_setup (self);
  g_set_object (&setup.model, model);
  GList *pads = gst_vatt_encoder_list_pads (self);
  gboolean fit = TRUE;
  for (GList *l = pads; l && fit; l = l->next)
    fit = pad_fits (l->data, &setup, error);
  g_list_free_full (pads, gst_object_unref);
  return fit;
}

static void
refused (
    GstElement *element, const char *path, const GError *error, gboolean again)
{
  GstVattEncoder *self = GST_VATT_ENCODER (element);
  if (!again)
    gst_vatt_error_post_warning (element, error);
  GST_INFO_OBJECT (self, "refused %s: %s", path, error->message);
  post_event (self, "rejected", path, error->message);
}

static const GstVattReloadFuncs reload_funcs = { .fits = fits,
  .refused = refused };

static gboolean
check_output (GstVattEncoder *self, GstVattEncoderPad *pad,
    const GstVattEncoderSetup *setup, GstCaps *peer, GError **error)
{
  g_autoptr (GstCaps) caps = gst_vatt_encoder_pad_get_caps (pad);
  if (!caps)
    return TRUE;
  GstVattResultKind kind;
  gst_vatt_encoder_describe (
      gst_vatt_encoder_pad_get_modality (pad), setup, caps, &kind);
  GST_OBJECT_LOCK (self);
  kind.normalized = self->settings.normalize;
  GST_OBJECT_UNLOCK (self);
  g_autoptr (GstCaps) result = gst_vatt_form_caps (self->form, &kind);
  if (gst_caps_can_intersect (result, peer))
    return gst_vatt_fits_ask (GST_AGGREGATOR_SRC_PAD (self), result, error);
  g_autofree char *offered = gst_caps_to_string (result);
  g_autofree char *wanted = gst_caps_to_string (peer);
  g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
      "what is behind %s wants %s, but model '%s' gives %s",
      GST_ELEMENT_NAME (self), wanted, kind.model_id, offered);
  return FALSE;
}

/* Whether what is behind the element goes on with what @setup gives. */
static gboolean
check_outputs (
    GstVattEncoder *self, const GstVattEncoderSetup *setup, GError **error)
{
  if (self->terminal.active || !self->out_caps)
    return TRUE;
  g_autoptr (GstCaps) peer =
      gst_pad_peer_query_caps (GST_AGGREGATOR_SRC_PAD (self), NULL);
  GList *pads = gst_vatt_encoder_list_pads (self);
  gboolean fit = TRUE;
  for (GList *l = pads; l && fit; l = l->next)
    fit = check_output (self, l->data, setup, peer, error);
  g_list_free_full (pads, gst_object_unref);
  return fit;
}

/* All pads, or none. */
static gboolean
move_pads (
    GstVattEncoder *self, const GstVattEncoderSetup *setup, GError **error)
{
  GList *pads = gst_vatt_encoder_list_pads (self);
  gboolean moved = TRUE;
  for (GList *l = pads; l && moved; l = l->next) {
    g_autoptr (GstCaps) caps = gst_vatt_encoder_pad_get_caps (l->data);
    moved =
        !caps || gst_vatt_encoder_pad_set_caps (l->data, setup, caps, error);
  }
  g_list_free_full (pads, gst_object_unref);
  return moved;
}

/* Words upstream are named after the model; the tokeniser need not hold the
 * old one for them. */
static void
rename_words (GstVattEncoder *self)
{
  GList *pads = gst_vatt_encoder_list_pads (self);
  for (GList *l = pads; l; l = l->next)
    if (gst_vatt_encoder_pad_get_modality (l->data) == VATT_TEXT)
      gst_pad_push_event (l->data, gst_event_new_reconfigure ());
  g_list_free_full (pads, gst_object_unref);
}

static gboolean
exchange (GstVattEncoder *self, VattModel *model, GError **error)
{
  g_auto (GstVattEncoderSetup) old = get_setup (self);
  GstVattEncoderSetup setup = old;
  setup.model = model;
  /* Caps may have changed since the model was read. */
  if (!fits (GST_ELEMENT (self), model, error) ||
      !check_outputs (self, &setup, error))
    return FALSE;
  gst_vatt_engine_use_model (setup.engine, model);
  if (!move_pads (self, &setup, error)) {
    move_pads (self, &old, NULL);
    gst_vatt_engine_release_model (setup.engine, model);
    return FALSE;
  }
  /* What was tried with the old model would keep it. */
  gst_vatt_encoder_end_trials (self);
  GST_OBJECT_LOCK (self);
  g_set_object (&self->model, model);
  GST_OBJECT_UNLOCK (self);
  gst_vatt_engine_release_model (setup.engine, old.model);
  rename_words (self);
  return TRUE;
}

/* Takes a model that has been read meanwhile. To be called where no window is
 * being computed: on the aggregating thread, or without one. */
void
gst_vatt_encoder_take_model (GstVattEncoder *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autoptr (VattModel) model = gst_vatt_reload_take (&self->reload, &path);
  if (!model)
    return;
  if (exchange (self, model, &error))
    announce (self, "reloaded", path);
  else
    refused (GST_ELEMENT (self), path, error, FALSE);
}

/* ---- the first model, and the last ---- */

void
gst_vatt_encoder_init_model (GstVattEncoder *self)
{
  gst_vatt_reload_init (&self->reload, GST_ELEMENT (self), &reload_funcs);
}

void
gst_vatt_encoder_close_model (GstVattEncoder *self)
{
  gst_vatt_reload_stop (&self->reload);
  GST_OBJECT_LOCK (self);
  g_autoptr (VattModel) model = g_steal_pointer (&self->model);
  g_autoptr (GstVattEngine) engine = g_steal_pointer (&self->engine);
  GST_OBJECT_UNLOCK (self);
  if (model)
    gst_vatt_engine_release_model (engine, model);
}

gboolean
gst_vatt_encoder_open_model (GstVattEncoder *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  GST_OBJECT_LOCK (self);
  g_autofree char *name = g_strdup (self->device_name);
  const VattDeviceParams params = self->device_params;
  GST_OBJECT_UNLOCK (self);
  g_autofree char *wanted = gst_vatt_reload_get_model (&self->reload);
  const char *trainer = gst_vatt_published_parse (wanted);
  if (trainer && !gst_vatt_published_prepare (GST_ELEMENT (self), trainer))
    return FALSE;
  g_autoptr (GstVattEngine) engine =
      gst_vatt_models_get_engine (name, &params, &error);
  /* Before the thread that reads starts, which may want it. */
  GST_OBJECT_LOCK (self);
  g_set_object (&self->engine, engine);
  GST_OBJECT_UNLOCK (self);
  g_autoptr (VattModel) model =
      engine ? gst_vatt_reload_start (&self->reload, &path, &error) : NULL;
  if (!model) {
    gst_vatt_encoder_close_model (self);
    gst_vatt_error_post (GST_ELEMENT (self), error);
    return FALSE;
  }
  gst_vatt_engine_use_model (engine, model);
  GST_OBJECT_LOCK (self);
  g_set_object (&self->model, model);
  GST_OBJECT_UNLOCK (self);
  announce (self, "loaded", path);
  return TRUE;
}
