/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The error of every reader of weights. */
#pragma once

#include <vatt/error.h>

/* Sets a VATT_ERROR_WEIGHTS that begins with path; returns FALSE. */
gboolean vatt_damaged (const char *path, GError **error, const char *format,
    ...) G_GNUC_PRINTF (3, 4);
