/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Embedding caps name the model that made them; its classifier is found by
 * that name, or in the file of the property. A model that is swapped upstream
 * comes as new caps. */
#include "gstvattcaps.h"
#include "gstvattclassifierprivate.h"
#include "gstvattmodels.h"

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_classifier_debug);
#define GST_CAT_DEFAULT gst_vatt_classifier_debug

/* ---- files ---- */

/* Reads the files that properties name. */
gboolean
gst_vatt_classifier_open (GstVattClassifier *self, GError **error)
{
  GST_OBJECT_LOCK (self);
  g_autofree char *model = g_strdup (self->model_path);
  g_autofree char *labels = g_strdup (self->labels_path);
  GST_OBJECT_UNLOCK (self);
  if (model && !(self->own_model =
                       gst_vatt_models_load (model, GST_ELEMENT (self), error)))
    return FALSE;
  if (labels && !(self->own_names = vatt_labels_read (labels, error)))
    return FALSE;
  return TRUE;
}

void
gst_vatt_classifier_close (GstVattClassifier *self)
{
  g_clear_object (&self->own_model);
  g_clear_pointer (&self->own_names, g_strfreev);
}

/* ---- the classifier ---- */

/* What is to be classified, and by what. */
typedef struct {
  VattModel *model; /* owned */
  VattModality modality;
  guint dim, n_classes;
} Choice;

static void
clear_choice (Choice *choice)
{
  g_clear_object (&choice->model);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Choice, clear_choice)

/* A model that the user names serves whatever comes. */
static VattModel *
find_model (GstVattClassifier *self, const char *id, GError **error)
{
  VattModel *model = self->own_model ? g_object_ref (self->own_model)
                     : id            ? gst_vatt_models_find (id)
                                     : NULL;
  if (!model)
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "model '%s', which made the embeddings, is not in use in this process: "
        "name a file with the property \"model\"",
        id ? id : "(unknown)");
  return model;
}

/* That it is another one than made the embeddings is worth a word. */
static void
compare_models (GstVattClassifier *self, VattModel *model, const char *id)
{
  if (!self->own_model || self->warned || !id ||
      strcmp (id, vatt_model_get_id (model)) == 0)
    return;
  self->warned = TRUE;
  GST_ELEMENT_WARNING (self, LIBRARY, SETTINGS,
      ("Embeddings of model %s go through the classifier of model %s.", id,
          vatt_model_get_id (model)),
      (NULL));
}

static gboolean
check_classifier (GstVattClassifier *self, Choice *choice, GError **error)
{
  const char *id = vatt_model_get_id (choice->model);
  VattConfig *config = vatt_model_get_config (choice->model);
  guint expected = vatt_config_get_output_width (
      config, choice->modality, VATT_OUTPUT_POOLED);
  choice->n_classes = vatt_config_get_output_width (
      config, choice->modality, VATT_OUTPUT_LOGITS);
  if (choice->n_classes == 0)
    g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
        "model '%s' has no classifier for %s, expected one with "
        "[head] kind=classifier and that tower",
        id, vatt_modality_name (choice->modality));
  else if (choice->dim != expected)
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "embeddings have %u values, the classifier of model '%s' expects %u",
        choice->dim, id, expected);
  else if (self->own_names &&
           g_strv_length (self->own_names) != choice->n_classes)
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "the labels file has %u lines, model '%s' expects %u, one for each "
        "class",
        g_strv_length (self->own_names), id, choice->n_classes);
  else
    return TRUE;
  return FALSE;
}

static char **
make_names (GstVattClassifier *self, const Choice *choice)
{
  const char *const *labels = self->own_names
                                  ? (const char *const *)self->own_names
                                  : vatt_model_get_labels (choice->model);
  if (labels)
    return g_strdupv ((char **)labels);
  char **names = g_new0 (char *, choice->n_classes + 1);
  for (guint c = 0; c < choice->n_classes; c++)
    names[c] = g_strdup_printf ("class %u", c);
  return names;
}

static void
forget_model (GstVattClassifier *self)
{
  g_clear_object (&self->session);
  g_clear_object (&self->model);
  g_clear_pointer (&self->names, g_strfreev);
  g_clear_pointer (&self->features, g_free);
  g_clear_pointer (&self->scores, g_free);
  g_clear_pointer (&self->top, g_free);
  gst_vatt_classifier_reset_streams (self);
}

/* The head is small: a thread of its own would only wait for the encoder's
 * device, which computes whole windows. */
static gboolean
take_model (GstVattClassifier *self, const Choice *choice, GError **error)
{
  g_autoptr (VattDevice) device = gst_vatt_models_get_device (
      "cpu", &(VattDeviceParams){ .threads = 1 }, error);
  const VattSessionParams params = { .modality = choice->modality,
    .outputs = VATT_OUTPUT_LOGITS };
  g_autoptr (VattSession) session =
      device ? vatt_session_new (choice->model, device, &params, error) : NULL;
  if (!session)
    return FALSE;
  forget_model (self);
  self->model = g_object_ref (choice->model);
  self->session = g_steal_pointer (&session);
  self->modality = choice->modality;
  self->dim = choice->dim;
  self->n_classes = choice->n_classes;
  self->names = make_names (self, choice);
  self->features = g_new (float, choice->dim);
  self->scores = g_new (float, choice->n_classes);
  self->top = g_new (GstVattLabel, choice->n_classes);
  GST_INFO_OBJECT (self, "%u classes of model %s for %s", choice->n_classes,
      vatt_model_get_id (choice->model), vatt_modality_name (choice->modality));
  return TRUE;
}

/* ---- caps ---- */

static gboolean
check_embeddings (const GstStructure *structure, GError **error)
{
  const char *space = gst_structure_get_string (structure, "space");
  const char *format = gst_structure_get_string (structure, "format");
  gboolean normalized = FALSE;
  gint vectors = 1;
  gst_structure_get_boolean (structure, "normalized", &normalized);
  gst_structure_get_int (structure, "vectors", &vectors);
  if (g_strcmp0 (space, "modality") != 0)
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "embeddings lie in the space '%s', a classifier expects 'modality': "
        "set space=none on the encoder",
        space ? space : "(unknown)");
  else if (normalized)
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "embeddings are scaled to length 1, a classifier expects them as they "
        "are: set normalize=false on the encoder");
  else if (g_strcmp0 (format, "F32LE") != 0 || vectors != 1)
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%d vectors of %s in a buffer, expected 1 of F32LE", vectors,
        format ? format : "(unknown)");
  else
    return TRUE;
  return FALSE;
}

static gboolean
upstream_is_live (GstVattClassifier *self)
{
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  gboolean live = FALSE;
  if (gst_pad_peer_query (self->sinkpad, query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  return live;
}

static void
take_times (GstVattClassifier *self, const GstStructure *structure)
{
  gint n = 0, d = 1;
  gst_structure_get_fraction (structure, "framerate", &n, &d);
  self->hop = n > 0 ? gst_util_uint64_scale_int (GST_SECOND, d, n)
                    : GST_CLOCK_TIME_NONE;
  self->lead = GST_CLOCK_TIME_NONE;
  self->live = upstream_is_live (self);
}

static gboolean
choose (GstVattClassifier *self, const GstCaps *caps, Choice *choice,
    GError **error)
{
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  gint dim = 0;
  if (!gst_vatt_modality_from_caps (caps, &choice->modality) ||
      !gst_structure_get_int (structure, "dim", &dim) || dim < 1) {
    g_autofree char *text = gst_caps_to_string (caps);
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "caps %s do not say what the embeddings are", text);
    return FALSE;
  }
  choice->dim = (guint)dim;
  if (!check_embeddings (structure, error))
    return FALSE;
  choice->model = find_model (
      self, gst_structure_get_string (structure, "model-id"), error);
  return choice->model && check_classifier (self, choice, error);
}

/* Whether such embeddings could be classified. On any thread; what it reads
 * changes below READY only. */
gboolean
gst_vatt_classifier_check_caps (
    GstVattClassifier *self, const GstCaps *caps, GError **error)
{
  g_auto (Choice) choice = { 0 };
  return choose (self, caps, &choice, error);
}

/*
 * gst_vatt_classifier_set_caps:
 * @self: the classifier
 * @caps: of embeddings
 * @error: return location
 *
 * Prepares for the model they are of. What is known of the streams lasts if
 * that has not changed.
 */
gboolean
gst_vatt_classifier_set_caps (
    GstVattClassifier *self, GstCaps *caps, GError **error)
{
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  g_auto (Choice) choice = { 0 };
  if (!choose (self, caps, &choice, error))
    return FALSE;
  compare_models (
      self, choice.model, gst_structure_get_string (structure, "model-id"));
  gboolean same = self->session && choice.model == self->model &&
                  choice.modality == self->modality && self->dim == choice.dim;
  if (!same && !take_model (self, &choice, error))
    return FALSE;
  take_times (self, structure);
  gst_caps_replace (&self->in_caps, caps);
  self->negotiated = FALSE;
  return TRUE;
}

/* Chooses the form that is sent, and says so. */
gboolean
gst_vatt_classifier_negotiate (GstVattClassifier *self, GError **error)
{
  self->negotiated = TRUE;
  if (self->terminal.active)
    return TRUE;
  g_autoptr (GstCaps) templ = gst_pad_get_pad_template_caps (self->srcpad);
  g_autoptr (GstCaps) peer = gst_pad_peer_query_caps (self->srcpad, NULL);
  g_autoptr (GstCaps) allowed =
      gst_caps_is_any (peer)
          ? gst_caps_ref (templ)
          : gst_caps_intersect_full (peer, templ, GST_CAPS_INTERSECT_FIRST);
  if (!gst_vatt_label_form_choose (allowed, &self->form)) {
    g_autofree char *wanted = gst_caps_to_string (peer);
    self->negotiated = FALSE;
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION,
        "nothing that %s can send is taken by what is behind it, which wants "
        "%s",
        GST_ELEMENT_NAME (self), wanted);
    return FALSE;
  }
  g_autoptr (GstCaps) caps =
      gst_vatt_label_form_caps (self->form, self->in_caps);
  GST_INFO_OBJECT (self, "sending %" GST_PTR_FORMAT, caps);
  gst_pad_set_caps (self->srcpad, caps);
  return TRUE;
}

void
gst_vatt_classifier_forget_caps (GstVattClassifier *self)
{
  forget_model (self);
  gst_clear_caps (&self->in_caps);
  self->negotiated = FALSE;
  self->warned = FALSE;
}
