/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For builds with the address sanitizer: what a driver has allocated is only
 * found while the driver is there, so no module is ever unloaded. */
#include <dlfcn.h>

int
dlclose (void *module)
{
  return 0;
}
