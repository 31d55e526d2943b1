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
 * VattDeviceKind:
 * @VATT_DEVICE_PROCESSOR: the processor, through libvatt's own code
 * @VATT_DEVICE_DISCRETE: a GPU with memory of its own
 * @VATT_DEVICE_INTEGRATED: a GPU in the processor's memory
 * @VATT_DEVICE_VIRTUAL: a GPU that a virtual machine passes on
 * @VATT_DEVICE_SOFTWARE: a driver that computes on the processor
 *
 * What kind of hardware a device is.
 */
typedef enum {
  VATT_DEVICE_PROCESSOR,
  VATT_DEVICE_DISCRETE,
  VATT_DEVICE_INTEGRATED,
  VATT_DEVICE_VIRTUAL,
  VATT_DEVICE_SOFTWARE,
} VattDeviceKind;

/**
 * VattDeviceInfo:
 * @name: as vatt_device_new() takes it
 * @description: hardware and driver, for people
 * @kind: what it is
 * @problem: (nullable): why it cannot be used
 *
 * A device that could be opened, or could not.
 */
typedef struct {
  char *name;
  char *description;
  VattDeviceKind kind;
  char *problem;
} VattDeviceInfo;

#define VATT_TYPE_DEVICE_INFO (vatt_device_info_get_type ())
VATT_API GType vatt_device_info_get_type (void) G_GNUC_CONST;
VATT_API VattDeviceInfo *vatt_device_info_copy (const VattDeviceInfo *info);
VATT_API void vatt_device_info_free (VattDeviceInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattDeviceInfo, vatt_device_info_free)

/**
 * VattWeightStorage:
 * @VATT_WEIGHT_STORAGE_F32: in 32 bits, as they are
 * @VATT_WEIGHT_STORAGE_BF16: in 16 bits with the range of floats and 8 bits of
 *   precision: each weight is off by up to 1 part in 512
 * @VATT_WEIGHT_STORAGE_F16: in 16 bits with 11 bits of precision, off by up to
 *   1 part in 4096; beyond 65504 infinite, below 6.1e-5 less precise
 *
 * How a device keeps the matrices of linear layers. 16 bits take half the
 * memory and half the time to read; other numbers, and all sums, stay floats.
 * The rounding is to nearest, ties to even.
 */
typedef enum {
  VATT_WEIGHT_STORAGE_F32,
  VATT_WEIGHT_STORAGE_BF16,
  VATT_WEIGHT_STORAGE_F16,
} VattWeightStorage;

/**
 * VattDeviceParams:
 * @threads: threads that compute; 0 for one per available processor
 * @weights: how matrices are kept; Vulkan devices know all ways, the processor
 *   refuses others than %VATT_WEIGHT_STORAGE_F32 with %VATT_ERROR_UNSUPPORTED
 *
 * Settings of a device; all zero is the default.
 */
typedef struct {
  guint threads;
  VattWeightStorage weights;
} VattDeviceParams;

VATT_API VattDevice *vatt_device_new (
    const char *name, const VattDeviceParams *params, GError **error);
VATT_API const char *vatt_device_get_name (VattDevice *device);
VATT_API guint vatt_device_get_threads (VattDevice *device);
VATT_API double vatt_device_measure_gemm (
    VattDevice *device, guint rows, guint columns, guint depth);
VATT_API double vatt_device_measure_copy (VattDevice *device);
VATT_API char **vatt_device_list (void);
VATT_API GPtrArray *vatt_device_enumerate (void);
VATT_API char *vatt_device_resolve (const char *name);
VATT_API const char *vatt_device_kind_name (VattDeviceKind kind);

G_END_DECLS
