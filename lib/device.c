/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Devices by name. */
#include "cpu.h"
#include "vulkan.h"

#include <string.h>

struct _VattDevice {
  GObject parent;
  const VattDeviceIface *iface;
  gpointer object; /* the iface's, owned */
  char *name;
};

G_DEFINE_FINAL_TYPE (VattDevice, vatt_device, G_TYPE_OBJECT)

static const VattDeviceIface *const devices[] = { &vatt_device_cpu,
  &vatt_device_vulkan };

static void
vatt_device_finalize (GObject *object)
{
  VattDevice *self = VATT_DEVICE (object);
  if (self->object)
    self->iface->close (self->object);
  g_free (self->name);
  G_OBJECT_CLASS (vatt_device_parent_class)->finalize (object);
}

static void
vatt_device_class_init (VattDeviceClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vatt_device_finalize;
}

static void
vatt_device_init (VattDevice *self)
{
}

/**
 * vatt_device_list:
 *
 * Returns: (transfer full) (array zero-terminated=1): the kinds of device
 *   vatt_device_new() knows
 */
char **
vatt_device_list (void)
{
  char **names = g_new0 (char *, G_N_ELEMENTS (devices) + 2);
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    names[i] = g_strdup (devices[i]->name);
  names[G_N_ELEMENTS (devices)] = g_strdup ("auto");
  return names;
}

/**
 * vatt_device_new:
 * @name: "cpu", or "auto" for the best device there is
 * @params: (nullable): settings
 * @error: return location for a #GError
 *
 * Opens a device. A CPU device has one pool of threads, which all its
 * sessions share in turn; matrix products run on these threads, for which
 * the count of OpenBLAS's own threads, a process-wide setting, is set to 1.
 *
 * Returns: (transfer full): the device, or %NULL with %VATT_ERROR_DEVICE
 */
VattDevice *
vatt_device_new (
    const char *name, const VattDeviceParams *params, GError **error)
{
  g_return_val_if_fail (name, NULL);
  const char *colon = strchr (name, ':');
  g_autofree char *kind =
      colon ? g_strndup (name, (gsize)(colon - name)) : g_strdup (name);
  const char *wanted = strcmp (kind, "auto") == 0 ? "cpu" : kind;
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++) {
    if (strcmp (devices[i]->name, wanted) != 0)
      continue;
    gpointer object =
        devices[i]->open (colon ? colon + 1 : NULL, params, error);
    if (!object)
      return NULL;
    VattDevice *self = g_object_new (VATT_TYPE_DEVICE, NULL);
    self->iface = devices[i];
    self->object = object;
    self->name = g_strdup (wanted);
    if (wanted != kind)
      g_info ("device '%s' is '%s'", name, wanted);
    return self;
  }
  g_auto (GStrv) kinds = vatt_device_list ();
  g_autofree char *known = g_strjoinv (", ", kinds);
  g_set_error (error, VATT_ERROR, VATT_ERROR_DEVICE,
      "unknown device '%s', there are: %s", name, known);
  return NULL;
}

/**
 * vatt_device_get_name:
 * @device: a device
 *
 * Returns: (transfer none): the kind of device, never "auto"
 */
const char *
vatt_device_get_name (VattDevice *device)
{
  g_return_val_if_fail (VATT_IS_DEVICE (device), NULL);
  return device->name;
}

/**
 * vatt_device_get_threads:
 * @device: a device
 *
 * Returns: threads of the host that compute
 */
guint
vatt_device_get_threads (VattDevice *device)
{
  g_return_val_if_fail (VATT_IS_DEVICE (device), 0);
  return device->iface->threads (device->object);
}

/**
 * vatt_device_measure_gemm:
 * @device: a device
 * @rows: rows of the result, 1 to %G_MAXINT32
 * @columns: columns of the result, alike
 * @depth: terms of each sum, alike
 *
 * Multiplies two matrices a few times on all threads.
 *
 * Returns: the median rate, in floating-point operations per second, 2 per
 *   multiply-add; 0 where there is no memory for the matrices
 */
double
vatt_device_measure_gemm (
    VattDevice *device, guint rows, guint columns, guint depth)
{
  g_return_val_if_fail (VATT_IS_DEVICE (device), 0);
  g_return_val_if_fail (rows && rows <= G_MAXINT32, 0);
  g_return_val_if_fail (columns && columns <= G_MAXINT32, 0);
  g_return_val_if_fail (depth && depth <= G_MAXINT32, 0);
  return device->iface->measure_gemm (device->object, rows, columns, depth);
}

const VattDeviceIface *
vatt_device_iface (VattDevice *device)
{
  return device->iface;
}

gpointer
vatt_device_object (VattDevice *device)
{
  return device->object;
}
