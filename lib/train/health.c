/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A batch may be unlucky; a row of them means that the parameters are lost, or
 * the data are. */
#include "health.h"

#include <math.h>

gboolean
vatt_health_check (guint64 *bad, const VattTrainerParams *params, guint64 step,
    double loss, GError **error)
{
  gboolean limited = params->loss_limit > 0.0;
  if (isfinite (loss) && !(limited && loss > params->loss_limit)) {
    *bad = 0;
    return TRUE;
  }
  ++*bad;
  if (!params->patience || *bad < params->patience)
    return TRUE;
  g_autofree char *expected =
      limited ? g_strdup_printf ("at most %g", params->loss_limit)
              : g_strdup ("a finite number");
  g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
      "step %" G_GUINT64_FORMAT
      ": the loss is %g, as bad as in all of the last %" G_GUINT64_FORMAT
      " steps, expected %s: what was learnt is lost, or the data are damaged",
      step, loss, *bad, expected);
  return FALSE;
}
