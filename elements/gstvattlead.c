/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstvattlead.h"

#define QUERY "vatt-lead"

/*
 * gst_vatt_lead_ask:
 * @sinkpad: a pad behind a tokeniser
 * @lead: (out): from the timestamp of a window to its end
 *
 * Returns: %FALSE if nobody upstream knows, or not yet
 */
gboolean
gst_vatt_lead_ask (GstPad *sinkpad, GstClockTime *lead)
{
  g_autoptr (GstQuery) query =
      gst_query_new_custom (GST_QUERY_CUSTOM, gst_structure_new_empty (QUERY));
  return gst_pad_peer_query (sinkpad, query) &&
         gst_structure_get_uint64 (
             gst_query_get_structure (query), "lead", lead);
}

/* Returns: %FALSE if @query is another one */
gboolean
gst_vatt_lead_answer (GstQuery *query, GstClockTime lead)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_CUSTOM ||
      !gst_structure_has_name (gst_query_get_structure (query), QUERY))
    return FALSE;
  gst_structure_set (
      gst_query_writable_structure (query), "lead", G_TYPE_UINT64, lead, NULL);
  return TRUE;
}
