/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which settings of a trainer make sense. */
#pragma once

#include <vatt/trainer.h>

/* FALSE with VATT_ERROR_CONFIG, which names the first that does not. */
gboolean vatt_trainer_params_check (
    const VattTrainerParams *params, GError **error);
