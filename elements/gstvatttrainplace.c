/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstvatttrainplace.h"

/* Whose turn it is; then number, taken, clip, of_clip of each stream. */
#define PACKED "(ua(uttt))"

/* Returns: (transfer floating): what gst_vatt_train_places_unpack() reads */
GVariant *
gst_vatt_train_places_pack (const GArray *places, guint turn)
{
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(uttt)"));
  for (guint i = 0; i < places->len; i++) {
    const GstVattTrainPlace *place =
        &g_array_index (places, GstVattTrainPlace, i);
    g_variant_builder_add (&builder, "(uttt)", place->number, place->taken,
        place->clip, place->of_clip);
  }
  return g_variant_new (PACKED, turn, &builder);
}

/* Returns: (transfer full): places; none if @packed, which may be %NULL, is
 *   something else */
GArray *
gst_vatt_train_places_unpack (GVariant *packed, guint *turn)
{
  GArray *places = g_array_new (FALSE, TRUE, sizeof (GstVattTrainPlace));
  GstVattTrainPlace place;
  GVariantIter *iter;
  *turn = 0;
  if (!packed || !g_variant_is_of_type (packed, G_VARIANT_TYPE (PACKED)))
    return places;
  g_variant_get (packed, PACKED, turn, &iter);
  while (g_variant_iter_next (
      iter, "(uttt)", &place.number, &place.taken, &place.clip, &place.of_clip))
    g_array_append_val (places, place);
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
