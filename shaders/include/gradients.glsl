/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What backward passes have in common: they read the gradient of y and add to
 * that of x. VALUE is of vector.glsl.  */
layout (binding = 0) readonly buffer Dy
{
  VALUE dy[];
};
layout (binding = 1) buffer Dx
{
  VALUE dx[];
};
