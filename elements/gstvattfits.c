/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Caps alone do not tell: whether a model has a classifier, and for how many
 * classes, is not in them. Only who refuses answers, so that behind a tee all
 * branches are asked. */
#include "gstvattfits.h"

#include <vatt/error.h>

#define QUERY "vatt-fits"

/*
 * gst_vatt_fits_ask:
 * @srcpad: an encoder's
 * @caps: of what it would send
 * @error: return location
 *
 * Returns: %FALSE if an element downstream could not go on with that
 */
gboolean
gst_vatt_fits_ask (GstPad *srcpad, const GstCaps *caps, GError **error)
{
  g_autoptr (GstQuery) query = gst_query_new_custom (GST_QUERY_CUSTOM,
      gst_structure_new (QUERY, "caps", GST_TYPE_CAPS, caps, NULL));
  if (!gst_pad_peer_query (srcpad, query))
    return TRUE;
  const char *reason =
      gst_structure_get_string (gst_query_get_structure (query), "reason");
  if (!reason)
    return TRUE;
  g_set_error_literal (error, VATT_ERROR, VATT_ERROR_SHAPE, reason);
  return FALSE;
}

/* Returns: (transfer full) (nullable): the caps that are asked about; %NULL if
 *   @query is another one */
GstCaps *
gst_vatt_fits_parse (GstQuery *query)
{
  GstCaps *caps = NULL;
  if (GST_QUERY_TYPE (query) == GST_QUERY_CUSTOM &&
      gst_structure_has_name (gst_query_get_structure (query), QUERY))
    gst_structure_get (
        gst_query_get_structure (query), "caps", GST_TYPE_CAPS, &caps, NULL);
  return caps;
}

void
gst_vatt_fits_refuse (GstQuery *query, const GError *error)
{
  gst_structure_set (gst_query_writable_structure (query), "reason",
      G_TYPE_STRING, error->message, NULL);
}
