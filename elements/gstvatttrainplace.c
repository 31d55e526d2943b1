/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstvatttrainplace.h"

/* Whose turn it is; number, taken, clip, of_clip, data_set of each stream; what
 * the settings were. */
#define PACKED "(ua(uttts)s)"

/* Returns: (transfer floating): what gst_vatt_train_places_unpack() reads */
GVariant *
gst_vatt_train_places_pack (
    const GArray *places, guint turn, const char *settings)
{
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(uttts)"));
  for (guint i = 0; i < places->len; i++) {
    const GstVattTrainPlace *place =
        &g_array_index (places, GstVattTrainPlace, i);
    g_variant_builder_add (&builder, "(uttts)", place->number, place->taken,
        place->clip, place->of_clip, place->data_set);
  }
  return g_variant_new (PACKED, turn, &builder, settings);
}

/* Returns: (transfer full): places; none if @packed, which may be %NULL, is
 *   something else. @settings (transfer full) is then %NULL, too */
GArray *
gst_vatt_train_places_unpack (GVariant *packed, guint *turn, char **settings)
{
  GArray *places = g_array_new (FALSE, TRUE, sizeof (GstVattTrainPlace));
  GstVattTrainPlace place;
  GVariantIter *iter;
  const char *data_set;
  *turn = 0;
  *settings = NULL;
  if (!packed || !g_variant_is_of_type (packed, G_VARIANT_TYPE (PACKED)))
    return places;
  g_variant_get (packed, PACKED, turn, &iter, settings);
  while (g_variant_iter_next (iter, "(uttt&s)", &place.number, &place.taken,
      &place.clip, &place.of_clip, &data_set)) {
    g_strlcpy (place.data_set, data_set, sizeof place.data_set);
    g_array_append_val (places, place);
  }
  g_variant_iter_free (iter);
  return places;
}

/* Returns: (transfer none) (nullable): the place of a stream, if it has one */
const GstVattTrainPlace *
gst_vatt_train_places_find (const GArray *places, guint number)
{
  for (guint i = 0; places && i < places->len; i++) {
    const GstVattTrainPlace *place =
        &g_array_index (places, GstVattTrainPlace, i);
    if (place->number == number)
      return place;
  }
  return NULL;
}
