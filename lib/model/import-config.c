/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the model of a checkpoint is, from the names and shapes in it; front
 * ends get the settings of the published models. */
#include "import.h"

#define PRETRAINED VATT_IMPORT_ROOT "_base_layer/"
#define RATE_PICTURES 10
#define RATE_SOUND 48000
#define PUBLISHED_HEAD_WIDTH 64

static const VattBundleEntry *
find (const VattImport *import, const char *base, const char *name)
{
  g_autofree char *path = g_strconcat (base, name, NULL);
  return vatt_bundle_resolve (import->bundle, path, NULL);
}

/* An axis of a tensor's shape, 0 where there is no such tensor or axis; sizes
 * beyond what a configuration may hold become its largest, which is then
 * refused. */
static guint
axis (const VattImport *import, const char *base, const char *name, guint index)
{
  const VattBundleEntry *entry = find (import, base, name);
  if (!entry || index >= entry->rank)
    return 0;
  return (guint)MIN (entry->shape[index], G_MAXINT32);
}

static guint
count_layers (const VattImport *import, const char *base, const char *encoder)
{
  for (guint n = 0;; n++) {
    g_autofree char *name = g_strdup_printf (
        "%slayers/%u/feed_forward/layer_norm/gamma", encoder, n);
    if (!find (import, base, name))
      return n;
  }
}

static gboolean
set_heads (const VattImport *import, VattModality modality, guint inner,
    guint heads_found, GError **error)
{
  VattTowerSpec *tower = &import->config->tower[modality];
  guint width = import->params ? import->params->head_width[modality] : 0;
  if (heads_found) {
    tower->heads = heads_found;
    tower->head_width = inner / heads_found;
    if (inner % heads_found == 0 && (!width || width == tower->head_width))
      return TRUE;
  } else {
    tower->head_width = width ? width : PUBLISHED_HEAD_WIDTH;
    tower->heads = inner / tower->head_width;
    if (inner && inner % tower->head_width == 0)
      return TRUE;
  }
  g_autofree char *known = heads_found
                               ? g_strdup_printf ("%u heads", heads_found)
                               : g_strdup ("an unknown number of heads");
  g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
      "checkpoint '%s': the %s tower has %u attention channels in %s, which "
      "does not fit a head width of %u",
      vatt_bundle_get_path (import->bundle), vatt_modality_name (modality),
      inner, known, width ? width : PUBLISHED_HEAD_WIDTH);
  return FALSE;
}

/* The pre-norm encoder that all but the T5 towers have, below base. */
static gboolean
read_encoder (const VattImport *import, VattModality modality, const char *base,
    GError **error)
{
  VattTowerSpec *tower = &import->config->tower[modality];
  tower->layers = count_layers (import, base, "tx/");
  tower->width = axis (import, base, "tx/final_layer_norm/gamma", 0);
  tower->feed_forward =
      axis (import, base, "tx/layers/0/feed_forward/mlp/wi/kernel", 1);
  tower->bias = find (import, base, "tx/layers/0/mha/q/bias") != NULL;
  return set_heads (import, modality,
      axis (import, base, "tx/layers/0/mha/q/kernel", 1), 0, error);
}

static void
read_positions (
    const VattImport *import, VattModality modality, const char *base)
{
  static const char *const names[2][3] = {
    { "temporal", "vertical", "horizontal" },
    { "temporal", "spectoral", "" },
  };
  VattTowerSpec *tower = &import->config->tower[modality];
  for (guint a = 0; a < vatt_spec_axes (tower->front.input); a++) {
    g_autofree char *name = g_strconcat (names[modality != VATT_VIDEO][a],
        "_position_embeddings/embeddings", NULL);
    tower->buckets[a] = axis (import, base, name, 0);
  }
}

/* Patch sizes from the kernel, input sizes from the position tables. */
static void
read_front_end (const VattImport *import, VattModality modality,
    const char *base, const char *kernel)
{
  VattTowerSpec *tower = &import->config->tower[modality];
  VattFrontEnd *front = &tower->front;
  guint axes = vatt_spec_axes (front->input);
  for (guint a = 0; a < axes; a++)
    front->patch[a] = axis (import, base, kernel, a);
  guint extent[3];
  for (guint a = 0; a < 3; a++)
    extent[a] =
        (guint)MIN ((guint64)tower->buckets[a] * front->patch[a], G_MAXINT32);
  front->rate_n = modality == VATT_VIDEO ? RATE_PICTURES : RATE_SOUND;
  switch (front->input) {
  case VATT_INPUT_VOXELS:
    front->frames = extent[0];
    front->height = extent[1];
    front->width = extent[2];
    break;
  case VATT_INPUT_WAVE:
    front->samples = extent[0];
    break;
  case VATT_INPUT_SPECTROGRAM:
    front->frames = extent[0];
    front->mel_bands = extent[1];
    front->scaling = VATT_SCALING_CLIP;
    front->mel_frame = front->mel_fft = 2048;
    front->mel_hop = 1024;
    front->mel_low = 80;
    front->mel_high = 7600;
    tower->exchanged = TRUE;
    break;
  default:
    break;
  }
}

/* A video or audio tower of its own. FALSE without error: there is none. */
static gboolean
read_tower (
    VattImport *import, VattModality modality, const char *base, GError **error)
{
  static const struct {
    VattModality modality;
    VattInput input;
    const char *kernel;
  } kinds[] = {
    { VATT_VIDEO, VATT_INPUT_VOXELS, "voxel_to_patch/kernel" },
    { VATT_AUDIO, VATT_INPUT_WAVE, "wave_to_patch/kernel" },
    { VATT_AUDIO, VATT_INPUT_SPECTROGRAM, "spectrum_to_patch/kernel" },
  };
  VattTowerSpec *tower = &import->config->tower[modality];
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    if (kinds[i].modality != modality || !find (import, base, kinds[i].kernel))
      continue;
    g_autofree char *tables = g_strconcat (base, "pos_embedding_lookup/", NULL);
    tower->front.input = kinds[i].input;
    read_positions (import, modality, tables);
    read_front_end (import, modality, base, kinds[i].kernel);
    tower->pre_width = axis (import, base, "pre_proj/kernel", 1);
    tower->post_width = axis (import, base, "post_proj/kernel", 1);
    import->layout.naming[modality] = VATT_TF_TOWER;
    import->layout.tower[modality] = g_strdup (base);
    return read_encoder (import, modality, base, error);
  }
  return FALSE;
}

static void
read_words (const VattImport *import, const char *base, const char *table)
{
  VattTowerSpec *tower = &import->config->tower[VATT_TEXT];
  tower->front.input = VATT_INPUT_WORDS;
  tower->front.words = 16;
  tower->vocabulary = axis (import, base, table, 0);
  tower->embedding = axis (import, base, table, 1);
}

static gboolean
read_t5 (const VattImport *import, const char *base, GError **error)
{
  VattTowerSpec *tower = &import->config->tower[VATT_TEXT];
  const char *const attention = "base_lm/layers/0/self_attention/attention/";
  g_autofree char *inside = g_strconcat (base, attention, NULL);
  tower->layers = count_layers (import, base, "base_lm/");
  tower->width = axis (import, base, "base_lm/final_layer_norm/weight", 0);
  tower->feed_forward =
      axis (import, base, "base_lm/layers/0/feed_forward/mlp/wi/kernel", 1);
  tower->rms = TRUE;
  tower->bias = tower->scaled = FALSE;
  tower->positions = VATT_POSITIONS_RELATIVE;
  tower->relative_buckets =
      axis (import, inside, "relative_attention_bias/embeddings", 0);
  tower->relative_distance = 64;
  tower->aggregation = VATT_AGGREGATION_WORD;
  return set_heads (import, VATT_TEXT, axis (import, inside, "q/kernel", 1),
      axis (import, inside, "relative_attention_bias/embeddings", 1), error);
}

static gboolean
read_bert (const VattImport *import, const char *base, GError **error)
{
  VattTowerSpec *tower = &import->config->tower[VATT_TEXT];
  g_autofree char *encoder = g_strconcat (base, "base_lm/", NULL);
  tower->buckets[0] = axis (import, encoder,
      "pos_embedding_lookup/temporal_position_embeddings/embeddings", 0);
  return read_encoder (import, VATT_TEXT, encoder, error);
}

/* FALSE without error: there is no text tower. */
static gboolean
read_text (VattImport *import, GError **error)
{
  const char *const base = PRETRAINED "txt_backbone/";
  VattTowerSpec *tower = &import->config->tower[VATT_TEXT];
  VattTfNaming *naming = &import->layout.naming[VATT_TEXT];
  if (!find (import, base, "embedding/embeddings"))
    return FALSE;
  import->layout.tower[VATT_TEXT] = g_strdup (base);
  read_words (import, base, "embedding/embeddings");
  tower->pre_width = axis (import, base, "pre_proj/kernel", 1);
  tower->pre_bias = FALSE;
  if (find (import, base, "base_lm/conv1d/kernel")) {
    *naming = VATT_TF_LINEAR;
    tower->pre_width = tower->width =
        axis (import, base, "base_lm/conv1d/kernel", 2);
    tower->pre_bias = tower->pre_relu = TRUE;
    tower->positions = VATT_POSITIONS_NONE;
    tower->aggregation = VATT_AGGREGATION_MAX;
    return TRUE;
  }
  if (find (import, base, "base_lm/final_layer_norm/weight")) {
    *naming = VATT_TF_T5;
    return read_t5 (import, base, error);
  }
  *naming = VATT_TF_BERT;
  return read_bert (import, base, error);
}

/* FALSE without error: the model is not unified. */
static gboolean
read_unified (VattImport *import, GError **error)
{
  static const struct {
    VattInput input;
    const char *raw;
  } kinds[] = {
    [VATT_VIDEO] = { VATT_INPUT_VOXELS, "raw_to_embeddings/video/kernel" },
    [VATT_AUDIO] = { VATT_INPUT_WAVE, "raw_to_embeddings/audio/kernel" },
    [VATT_TEXT] = { VATT_INPUT_WORDS, "raw_to_embeddings/text/embeddings" },
  };
  const char *const base = PRETRAINED "unified_backbone/unified_transformer/";
  if (!find (import, base, kinds[VATT_VIDEO].raw))
    return FALSE;
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    const char *name = vatt_modality_name ((VattModality)m);
    VattTowerSpec *tower = &import->config->tower[m];
    g_autofree char *tables =
        g_strconcat (base, "pos_embedding_lookup/", name, "/", NULL);
    g_autofree char *pre = g_strconcat ("pre_proj/", name, "/kernel", NULL);
    g_autofree char *post = g_strconcat ("post_proj/", name, "/kernel", NULL);
    tower->front.input = kinds[m].input;
    if (m == VATT_TEXT)
      read_words (import, base, kinds[m].raw);
    read_positions (import, (VattModality)m, tables);
    if (m != VATT_TEXT)
      read_front_end (import, (VattModality)m, base, kinds[m].raw);
    tower->pre_width = axis (import, base, pre, 1);
    tower->post_width = axis (import, base, post, 1);
    tower->share = VATT_VIDEO;
    import->layout.naming[m] = VATT_TF_UNIFIED;
    import->layout.tower[m] = g_strdup (base);
    if (m == VATT_VIDEO && !read_encoder (import, VATT_VIDEO, base, error))
      return FALSE;
    const VattTowerSpec *video = &import->config->tower[VATT_VIDEO];
    tower->layers = video->layers;
    tower->width = video->width;
    tower->heads = video->heads;
    tower->head_width = video->head_width;
    tower->feed_forward = video->feed_forward;
    tower->bias = video->bias;
  }
  return TRUE;
}

static void
read_head (VattImport *import)
{
  const char *const bridge = VATT_IMPORT_ROOT "_head_layer/_bridge_heads/0/";
  VattHeadSpec *head = &import->config->head;
  if (find (import, bridge, "vid_to_hid/kernel")) {
    head->kind = VATT_HEAD_FAC;
    head->va_width = axis (import, bridge, "hid_to_va/dense/kernel", 1);
    head->vt_width = axis (import, bridge, "va_to_vat/dense/kernel", 1);
    import->layout.head = g_strdup (bridge);
  } else if (find (import, bridge, "vid_to_vat/dense/kernel")) {
    head->kind = VATT_HEAD_JOINT;
    head->va_width = axis (import, bridge, "vid_to_vat/dense/kernel", 1);
    import->layout.head = g_strdup (bridge);
  } else if (find (import, VATT_IMPORT_ROOT, "_ops/cls/kernel")) {
    head->kind = VATT_HEAD_CLASSIFIER;
    head->classes = axis (import, VATT_IMPORT_ROOT, "_ops/cls/kernel", 1);
    head->multi_label =
        import->config->tower[VATT_AUDIO].front.input != VATT_INPUT_NONE;
    import->layout.head = g_strdup (VATT_IMPORT_ROOT);
    /* Fine-tuned models see every second picture of 25 a second, and every
     * second of 48000 samples. */
    import->config->tower[VATT_VIDEO].front.rate_n = 25;
    import->config->tower[VATT_VIDEO].front.rate_d = 2;
    import->config->tower[VATT_AUDIO].front.rate_n = RATE_SOUND / 2;
  }
}

gboolean
vatt_import_read_config (VattImport *import, GError **error)
{
  static const struct {
    VattModality modality;
    const char *base;
  } places[] = {
    { VATT_VIDEO, PRETRAINED "vid_backbone/_base/" },
    { VATT_AUDIO, PRETRAINED "aud_backbone/_base/" },
    { VATT_VIDEO, VATT_IMPORT_ROOT "_base/" },
    { VATT_AUDIO, VATT_IMPORT_ROOT "_base/" },
  };
  g_autoptr (GError) reason = NULL;
  if (!read_unified (import, &reason) && !reason) {
    for (guint i = 0; i < G_N_ELEMENTS (places) && !reason; i++)
      read_tower (import, places[i].modality, places[i].base, &reason);
    if (!reason)
      read_text (import, &reason);
  }
  if (reason) {
    g_propagate_error (error, g_steal_pointer (&reason));
    return FALSE;
  }
  gboolean any = FALSE;
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    any |= import->layout.tower[m] != NULL;
  if (!any) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
        "checkpoint '%s' holds no VATT model: nothing below '" VATT_IMPORT_ROOT
        "' is a tower",
        vatt_bundle_get_path (import->bundle));
    return FALSE;
  }
  read_head (import);
  return vatt_config_finish (
      import->config, vatt_bundle_get_path (import->bundle), error);
}
