/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Input checks of measurements. */
#include "checks.h"

#include "size.h"

#include <vatt/error.h>

#include <math.h>

gboolean
vatt_check_values (const char *what, const float *values, gsize rows,
    gsize columns, GError **error)
{
  gsize count, size;
  if (rows == 0 || columns == 0) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%s: %zu x %zu values, expected at least one", what, rows, columns);
    return FALSE;
  }
  if (!vatt_size_multiply (rows, columns, &count) ||
      !vatt_size_multiply (count, sizeof (double), &size)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%s: %zu x %zu values are more than memory can hold", what, rows,
        columns);
    return FALSE;
  }
  for (gsize i = 0; i < count; i++)
    if (!isfinite (values[i])) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
          "%s: row %zu, column %zu is %g, expected finite numbers", what,
          i / columns, i % columns, (double)values[i]);
      return FALSE;
    }
  return TRUE;
}

gboolean
vatt_check_labels (const guint *labels, gsize n, gsize limit, GError **error)
{
  for (gsize i = 0; i < n; i++)
    if (labels[i] >= limit) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
          "labels: sample %zu is of class %u, expected less than %zu", i,
          labels[i], limit);
      return FALSE;
    }
  return TRUE;
}

gpointer
vatt_try_array (gsize rows, gsize columns, gsize size, GError **error)
{
  gsize count, bytes;
  gpointer array = vatt_size_multiply (rows, columns, &count) &&
                           vatt_size_multiply (count, size, &bytes)
                       ? g_try_malloc0 (MAX (bytes, 1))
                       : NULL;
  if (!array)
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "no memory for %zu x %zu numbers of %zu bytes", rows, columns, size);
  return array;
}

double
vatt_standing_within (const VattStanding *standing, gsize k)
{
  if (k <= standing->greater)
    return 0;
  double places = (double)(k - standing->greater);
  return MIN (1.0, places / ((double)standing->equal + 1.0));
}
