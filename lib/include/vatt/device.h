/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What runs a network. */
#pragma once

#include <vatt/error.h>
#include <glib-object.h>

G_BEGIN_DECLS

/**
 * VattDevice:
 *
 * Something that computes, by name. Any number of threads and sessions may
 * share it; their runs take turns.
 */
#define VATT_TYPE_DEVICE (vatt_device_get_type ())
VATT_API
G_DECLARE_FINAL_TYPE (VattDevice, vatt_device, VATT, DEVICE, GObject)

/**
 * VattDeviceParams:
 * @threads: threads that compute; 0 for one per available processor
 *
 * Settings of a device; all zero is the default.
 */
typedef struct {
  guint threads;
} VattDeviceParams;

VATT_API VattDevice *vatt_device_new (
    const char *name, const VattDeviceParams *params, GError **error);
VATT_API const char *vatt_device_get_name (VattDevice *device);
VATT_API guint vatt_device_get_threads (VattDevice *device);
VATT_API double vatt_device_measure_gemm (
    VattDevice *device, guint rows, guint columns, guint depth);
VATT_API char **vatt_device_list (void);

G_END_DECLS
