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
G_DEFINE_BOXED_TYPE (VattDeviceInfo, vatt_device_info, vatt_device_info_copy,
    vatt_device_info_free)

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
 * vatt_device_info_copy:
 * @info: what is known of a device
 *
 * Returns: (transfer full): a copy
 */
VattDeviceInfo *
vatt_device_info_copy (const VattDeviceInfo *info)
{
  VattDeviceInfo *copy = g_new (VattDeviceInfo, 1);
  *copy = (VattDeviceInfo){ .name = g_strdup (info->name),
    .description = g_strdup (info->description),
    .kind = info->kind,
    .problem = g_strdup (info->problem) };
  return copy;
}

/**
 * vatt_device_info_free:
 * @info: (transfer full): what is known of a device
 */
void
vatt_device_info_free (VattDeviceInfo *info)
{
  g_free (info->name);
  g_free (info->description);
  g_free (info->problem);
  g_free (info);
}

/**
 * vatt_device_kind_name:
 * @kind: a kind of device
 *
 * Returns: "processor", "discrete", "integrated", "virtual" or "software"
 */
const char *
vatt_device_kind_name (VattDeviceKind kind)
{
  static const char *const names[] = { "processor", "discrete", "integrated",
    "virtual", "software" };
  g_return_val_if_fail ((guint)kind < G_N_ELEMENTS (names), NULL);
  return names[kind];
}

static GPtrArray *
list_devices (gboolean hardware)
{
  GPtrArray *infos =
      g_ptr_array_new_with_free_func ((GDestroyNotify)vatt_device_info_free);
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    devices[i]->enumerate (infos, hardware);
  return infos;
}

/**
 * vatt_device_enumerate:
 *
 * Asks every kind of device what there is. That loads the drivers, but opens
 * no device.
 *
 * Returns: (transfer full) (element-type VattDeviceInfo): devices, those that
 *   cannot be used too
 */
GPtrArray *
vatt_device_enumerate (void)
{
  return list_devices (FALSE);
}

/* The best of a kind of device, discrete before integrated and so on; NULL
 * where none can be used. */
static char *
best_of (const char *kind)
{
  g_autoptr (GPtrArray) infos = vatt_device_enumerate ();
  const VattDeviceInfo *best = NULL;
  size_t length = strlen (kind);
  for (guint i = 0; i < infos->len; i++) {
    const VattDeviceInfo *info = g_ptr_array_index (infos, i);
    if (!info->problem && strncmp (info->name, kind, length) == 0 &&
        info->name[length] == ':' && (!best || info->kind < best->kind))
      best = info;
  }
  return best ? g_strdup (best->name) : NULL;
}

static char *
resolve_auto (void)
{
  g_autoptr (GPtrArray) infos = list_devices (TRUE);
  for (guint i = 0; i < infos->len; i++) {
    const VattDeviceInfo *info = g_ptr_array_index (infos, i);
    if (!info->problem && info->kind == VATT_DEVICE_DISCRETE) {
      g_info ("device 'auto' is '%s', %s", info->name, info->description);
      return g_strdup (info->name);
    }
  }
  g_info ("device 'auto' is 'cpu': there is no discrete GPU that can be used");
  return g_strdup ("cpu");
}

/**
 * vatt_device_resolve:
 * @name: as vatt_device_new() takes it
 *
 * Finds out which device is meant: "auto" is a discrete GPU where there is
 * one that can be used, else the processor. Integrated GPUs share the
 * processor's memory and are often no faster; software drivers never are.
 * Both must be named. A kind without a number is the best of its devices.
 *
 * Returns: (transfer full): the name of one device, such as "vulkan:0"; @name
 *   itself where it is unknown or there is none
 */
char *
vatt_device_resolve (const char *name)
{
  g_return_val_if_fail (name, NULL);
  if (strcmp (name, "auto") == 0)
    return resolve_auto ();
  if (strchr (name, ':') || strcmp (name, "cpu") == 0)
    return g_strdup (name);
  char *best = best_of (name);
  return best ? best : g_strdup (name);
}

/**
 * vatt_device_new:
 * @name: "cpu", "vulkan" or "vulkan:N" for the GPU of that number, or "auto"
 *   for the best device there is; see vatt_device_resolve()
 * @params: (nullable): settings
 * @error: return location for a #GError
 *
 * Opens a device. A CPU device has one pool of threads, which all its
 * sessions share in turn; matrix products run on these threads, for which
 * the count of OpenBLAS's own threads, a process-wide setting, is set to 1.
 *
 * Returns: (transfer full): the device, or %NULL with %VATT_ERROR_DEVICE where
 *   there is none of that name or it cannot be used, %VATT_ERROR_UNSUPPORTED
 *   where it does not keep weights as @params ask, %VATT_ERROR_MEMORY where it
 *   has no room
 */
VattDevice *
vatt_device_new (
    const char *name, const VattDeviceParams *params, GError **error)
{
  g_return_val_if_fail (name, NULL);
  g_autofree char *resolved = vatt_device_resolve (name);
  const char *colon = strchr (resolved, ':');
  g_autofree char *kind = colon
                              ? g_strndup (resolved, (gsize)(colon - resolved))
                              : g_strdup (resolved);
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++) {
    if (strcmp (devices[i]->name, kind) != 0)
      continue;
    gpointer object =
        devices[i]->open (colon ? colon + 1 : NULL, params, error);
    if (!object)
      return NULL;
    VattDevice *self = g_object_new (VATT_TYPE_DEVICE, NULL);
    self->iface = devices[i];
    self->object = object;
    self->name = g_steal_pointer (&resolved);
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
 * Returns: (transfer none): the device's name, "cpu" or such as "vulkan:0",
 *   never "auto"
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
