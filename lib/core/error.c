/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The error domain. */
#include <vatt/error.h>

GQuark
vatt_error_quark (void)
{
  return g_quark_from_static_string ("vatt-error-quark");
}
