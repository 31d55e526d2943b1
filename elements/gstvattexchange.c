/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pairs of classes: read from text, exchanged in a row of labels. */
#include "gstvattexchange.h"

#include <vatt/error.h>

/* Returns: the number of a class, or -1 */
static gint
find_class (const char *name, const char *const *labels, guint classes)
{
  guint64 number;
  if (!labels)
    return g_ascii_string_to_unsigned (name, 10, 0, classes - 1, &number, NULL)
               ? (gint)number
               : -1;
  for (guint i = 0; i < classes; i++)
    if (g_str_equal (labels[i], name))
      return (gint)i;
  return -1;
}

static gboolean
read_pair (guint *partner, const char *text, const char *const *labels,
    guint classes, GError **error)
{
  g_auto (GStrv) names = g_strsplit (text, "=", 2);
  gint class[2] = { -1, -1 };
  for (guint i = 0; i < 2 && names[0] && names[i]; i++)
    class[i] = find_class (g_strstrip (names[i]), labels, classes);
  if (class[0] < 0 || class[1] < 0 || class[0] == class[1]) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "classes to exchange: found '%s', expected two of the %u classes, %s, "
        "with = between them",
        text, classes, labels ? "by their names" : "by their numbers from 0");
    return FALSE;
  }
  for (guint i = 0; i < 2; i++)
    if (partner[class[i]] != (guint) class[i]) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
          "classes to exchange: '%s' is in more than one pair", names[i]);
      return FALSE;
    }
  partner[class[0]] = (guint) class[1];
  partner[class[1]] = (guint) class[0];
  return TRUE;
}

/*
 * gst_vatt_exchange_read:
 * @self: zeroed before the first call
 * @change: what the pairs are of
 * @pairs: (nullable): `left=right,up=down`
 * @labels: (nullable) (array length=classes): names of the classes
 * @classes: how many there are, at least 1
 * @error: return location
 *
 * Returns: %FALSE if a class is not known, or in two pairs
 */
gboolean
gst_vatt_exchange_read (GstVattExchange *self, GstVattChanges change,
    const char *pairs, const char *const *labels, guint classes, GError **error)
{
  if (!pairs)
    return TRUE;
  g_auto (GStrv) list = g_strsplit (pairs, ",", -1);
  self->classes = classes;
  self->partner[change] = g_new (guint, classes);
  for (guint i = 0; i < classes; i++)
    self->partner[change][i] = i;
  for (char **pair = list; *pair; pair++)
    if (!read_pair (self->partner[change], *pair, labels, classes, error))
      return FALSE;
  return TRUE;
}

/*
 * gst_vatt_exchange_apply:
 * @self: pairs
 * @changes: bits 1 << GstVattChanges: what was done to a clip
 * @label_row: (inout) (array): its labels, one number for each class
 */
void
gst_vatt_exchange_apply (
    const GstVattExchange *self, guint changes, float *label_row)
{
  for (guint change = 0; change < GST_VATT_N_CHANGES; change++) {
    const guint *partner = self->partner[change];
    if (!partner || !(changes & (1u << change)))
      continue;
    for (guint i = 0; i < self->classes; i++) {
      float value = label_row[i];
      if (partner[i] <= i)
        continue;
      label_row[i] = label_row[partner[i]];
      label_row[partner[i]] = value;
    }
  }
}

void
gst_vatt_exchange_clear (GstVattExchange *self)
{
  for (guint change = 0; change < GST_VATT_N_CHANGES; change++)
    g_clear_pointer (&self->partner[change], g_free);
}
