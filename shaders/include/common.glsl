/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What all shaders share: the group's size is constant 0, and counts of groups
 * are folded into rows, for one axis may only have 65,535. */
layout (local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;

/* params.h is C too. */
#define uint32_t uint
#define int32_t int

const uint GROUPS_X = 32768;

/* The group's number, and the invocation's, as lib/core/dispatch.c counts. */
uint
group_index ()
{
  return gl_WorkGroupID.y * GROUPS_X + gl_WorkGroupID.x;
}

uint
element_index ()
{
  return group_index () * gl_WorkGroupSize.x + gl_LocalInvocationIndex;
}
