/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What can fail takes a GError last. Texts say what, found, expected. */
#pragma once

#include <glib.h>

/**
 * VATT_API:
 *
 * Marks what libvatt exports; everything else is hidden.
 */
#define VATT_API __attribute__ ((visibility ("default")))

G_BEGIN_DECLS

/**
 * VattError:
 * @VATT_ERROR_CONFIG: a configuration that cannot be: unknown key, value out
 *   of its range, an unknown variant
 * @VATT_ERROR_WEIGHTS: a weight file or checkpoint that is damaged, or that
 *   does not fit the configuration; in training, weights whose loss or gradient
 *   is not a finite number
 * @VATT_ERROR_SHAPE: an input whose shape or number format does not fit
 * @VATT_ERROR_MEDIA: a media, caption or vocabulary file that cannot be used
 * @VATT_ERROR_UNSUPPORTED: valid, but not something this library does
 * @VATT_ERROR_DEVICE: a compute device that is absent or has failed
 * @VATT_ERROR_MEMORY: not enough memory; the text names the size asked for
 *
 * Codes of %VATT_ERROR. Failures of the file system keep #GFileError.
 */
typedef enum {
  VATT_ERROR_CONFIG,
  VATT_ERROR_WEIGHTS,
  VATT_ERROR_SHAPE,
  VATT_ERROR_MEDIA,
  VATT_ERROR_UNSUPPORTED,
  VATT_ERROR_DEVICE,
  VATT_ERROR_MEMORY,
} VattError;

/**
 * VATT_ERROR:
 *
 * The error domain of libvatt; codes are #VattError.
 */
#define VATT_ERROR (vatt_error_quark ())
VATT_API GQuark vatt_error_quark (void);

G_END_DECLS
