/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * When a training is past hope. */
#pragma once

#include <vatt/trainer.h>

/* A loss is bad if it is not finite or above params->loss_limit. Counts those
 * that come one behind the other in *bad; FALSE with VATT_ERROR_WEIGHTS as soon
 * as there are params->patience of them. */
gboolean vatt_health_check (guint64 *bad, const VattTrainerParams *params,
    guint64 step, double loss, GError **error);
