/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where the time of a plan goes, by ops. */
#pragma once

#include "plan.h"

#include <vatt/session.h>

/* Adds a plan's nodes to rows of VattProfileRow; seconds: of every node, or
 * NULL. */
void vatt_profile_add (
    GArray *rows, const VattPlan *plan, const double *seconds);
