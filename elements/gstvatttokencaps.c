/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Geometry may differ from the model's, as positions are resampled; what a
 * patch is may not. */
#include "gstvatttokencaps.h"

#include "gstvattcaps.h"
#include "gstvatterror.h"
#include "gstvattmeta.h"
#include "gstvattmodels.h"

/* Fields that may differ from the model's front end. */
static const char *const free_fields[] = { "tokens", "grid-t", "grid-h",
  "grid-w", "frames", "width", "height", "samples", "sample-rate", "box-left",
  "box-top", "box-width", "box-height" };

/*
 * gst_vatt_token_caps_wanted:
 * @modality: of a pad
 * @model: the model
 *
 * Returns: (transfer full): first what the model was trained with, then what
 *   it can read as well; empty if it has no tower for this pad
 */
GstCaps *
gst_vatt_token_caps_wanted (VattModality modality, VattModel *model)
{
  const VattFrontEnd *front_end =
      vatt_config_get_front_end (vatt_model_get_config (model), modality);
  if (!front_end || front_end->input == VATT_INPUT_NONE)
    return gst_caps_new_empty ();
  GstCaps *caps = gst_vatt_caps_from_front_end (
      front_end, modality, vatt_model_get_id (model));
  if (modality == VATT_TEXT)
    return caps;
  GstStructure *loose = gst_structure_copy (gst_caps_get_structure (caps, 0));
  for (guint i = 0; i < G_N_ELEMENTS (free_fields); i++)
    gst_structure_remove_field (loose, free_fields[i]);
  gst_caps_append_structure (caps, loose);
  return caps;
}

static gboolean
same_words (VattModel *a, VattModel *b)
{
  const VattVocabulary *x = vatt_model_get_vocabulary (a);
  const VattVocabulary *y = vatt_model_get_vocabulary (b);
  g_autofree char *first = x ? vatt_vocabulary_to_text (x) : NULL;
  g_autofree char *second = y ? vatt_vocabulary_to_text (y) : NULL;
  return g_strcmp0 (first, second) == 0;
}

/* Words are made for a model, and serve another one that has the same
 * vocabulary. Returns: (transfer full): @caps, as made for @model if so */
GstCaps *
gst_vatt_token_caps_adopt (VattModel *model, GstCaps *caps)
{
  const char *id =
      gst_structure_get_string (gst_caps_get_structure (caps, 0), "model-id");
  g_autoptr (VattModel) other = id ? gst_vatt_models_find (id) : NULL;
  GstCaps *adopted = gst_caps_ref (caps);
  if (!other || other == model || !same_words (model, other))
    return adopted;
  adopted = gst_caps_make_writable (adopted);
  gst_caps_set_simple (
      adopted, "model-id", G_TYPE_STRING, vatt_model_get_id (model), NULL);
  return adopted;
}

static gboolean
check_words (GstPad *pad, VattModel *model, GstCaps *caps, GError **error)
{
  const char *words =
      gst_structure_get_string (gst_caps_get_structure (caps, 0), "model-id");
  if (!words || g_strcmp0 (words, vatt_model_get_id (model)) == 0)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
      "%s: words are made for model '%s', whose vocabulary is not that of "
      "model '%s'",
      GST_PAD_NAME (pad), words, vatt_model_get_id (model));
  return FALSE;
}

/*
 * gst_vatt_token_caps_check:
 * @pad: whose caps they are
 * @modality: of @pad
 * @model: who is to read the tokens
 * @caps: (nullable): what arrives; %NULL while that is not known
 * @front_end: (out caller-allocates): how the tokens of @caps were made
 * @error: return location
 *
 * Returns: whether the model has a tower for such tokens
 */
gboolean
gst_vatt_token_caps_check (GstPad *pad, VattModality modality, VattModel *model,
    GstCaps *caps, VattFrontEnd *front_end, GError **error)
{
  g_autoptr (GstCaps) wanted = gst_vatt_token_caps_wanted (modality, model);
  if (gst_caps_is_empty (wanted)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
        "model '%s' has no tower for %s", vatt_model_get_id (model),
        vatt_modality_name (modality));
    return FALSE;
  }
  if (!caps)
    return TRUE;
  if (!check_words (pad, model, caps, error))
    return FALSE;
  if (!gst_caps_can_intersect (caps, wanted)) {
    gst_vatt_mismatch_set (error, caps, wanted,
        "%s: tokens from upstream do not fit model '%s'", GST_PAD_NAME (pad),
        vatt_model_get_id (model));
    return FALSE;
  }
  return gst_vatt_caps_to_front_end (
      gst_caps_get_structure (caps, 0), modality, front_end, error);
}

/* Answers a CAPS query of a sink pad; without a model by its template. Caps for
 * which a clear error can be given later are accepted there. */
void
gst_vatt_token_caps_answer (
    GstPad *pad, VattModality modality, VattModel *model, GstQuery *query)
{
  g_autoptr (GstCaps) caps = model
                                 ? gst_vatt_token_caps_wanted (modality, model)
                                 : gst_pad_get_pad_template_caps (pad);
  GstCaps *filter;
  gst_query_parse_caps (query, &filter);
  if (filter) {
    g_autoptr (GstCaps) both =
        gst_caps_intersect_full (caps, filter, GST_CAPS_INTERSECT_FIRST);
    gst_query_set_caps_result (query, both);
  } else {
    gst_query_set_caps_result (query, caps);
  }
}

/* Answers an ACCEPT_CAPS query: any tokens of that modality. */
void
gst_vatt_token_caps_answer_accept (VattModality modality, GstQuery *query)
{
  GstCaps *caps;
  VattModality found;
  gst_query_parse_accept_caps (query, &caps);
  gst_query_set_accept_caps_result (
      query, gst_vatt_modality_from_caps (caps, &found) && found == modality);
}

/* ---- buffers ---- */

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

/*
 * gst_vatt_token_caps_make_clip:
 * @pad: where @buffer arrived
 * @modality: of @pad
 * @fe: how its tokens were made
 * @buffer: a window
 * @error: return location
 *
 * Returns: (transfer full): a clip of one item that reads @buffer's memory
 */
VattClip *
gst_vatt_token_caps_make_clip (GstPad *pad, VattModality modality,
    const VattFrontEnd *fe, GstBuffer *buffer, GError **error)
{
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
        GST_PAD_NAME (pad), size, tokens, fe->token_size, tokens * token_bytes);
    return NULL;
  }
  MappedBuffer *mapped = g_new (MappedBuffer, 1);
  mapped->buffer = gst_buffer_ref (buffer);
  if (!gst_buffer_map (buffer, &mapped->map, GST_MAP_READ)) {
    gst_buffer_unref (buffer);
    g_free (mapped);
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "%s: a buffer cannot be mapped", GST_PAD_NAME (pad));
    return NULL;
  }
  g_autoptr (GBytes) bytes = g_bytes_new_with_free_func (
      mapped->map.data, mapped->map.size, mapped_buffer_free, mapped);
  return vatt_clip_new_from_bytes (modality, 1, fe->grid, fe->token_size,
      tokens, n_kept ? meta->kept : NULL, bytes, error);
}
