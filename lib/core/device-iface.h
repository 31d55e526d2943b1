/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a device must do. A device knows passes, never ops. */
#pragma once

#include "plan.h"

#include <vatt/device.h>
#include <gio/gio.h>

/* A sealed plan made ready to run on one device, with its activations. */
typedef struct VattProgram VattProgram;

/* Which nodes of a plan to run: up to the first backward one, or from there
 * on. Activations stay between the two. */
typedef enum {
  VATT_PHASE_FORWARD,
  VATT_PHASE_BACKWARD,
} VattPhase;

typedef struct {
  const char *name;
  /* selector: what follows the colon of "name:selector", or NULL. */
  gpointer (*open) (
      const char *selector, const VattDeviceParams *params, GError **error);
  void (*close) (gpointer device);
  /* Adds a VattDeviceInfo for each there is, or for what is in the way. With
   * hardware set, those that are software may be left out, and the drivers
   * unloaded that bring nothing else. */
  void (*enumerate) (GPtrArray *infos, gboolean hardware);
  guint (*threads) (gpointer device);
  /* The plan outlives the program. Parameters' data are set. previous:
   * (nullable) (transfer full) a program that this one takes the place of;
   * what they share is kept, the rest released first. */
  VattProgram *(*prepare) (
      gpointer device, VattPlan *plan, VattProgram *previous, GError **error);
  void (*release) (VattProgram *program);
  /* Inputs' data are set. Nothing is allocated. seconds: (nullable) time of
   * each node is added. One run at a time per program; runs of several
   * programs of a device take turns. */
  gboolean (*run) (VattProgram *program, VattPhase phase, double *seconds,
      GCancellable *cancellable, GError **error);
  /* Brings to a tensor's data what runs have made of it: an input that passes
   * change, a parameter or a state. Devices may hold their own copy of these,
   * which is made once, when the first program that uses them is prepared. */
  gboolean (*fetch) (VattProgram *program, VattTensor *tensor, GError **error);
  /* The reverse: takes over what has been written to the data of a parameter or
   * a state. For both, any part of what the program's tensors are parts of will
   * do. */
  gboolean (*send) (
      VattProgram *program, const VattTensor *tensor, GError **error);
} VattDeviceIface;

/* For sessions: the table row and the object of a device. */
const VattDeviceIface *vatt_device_iface (VattDevice *device);
gpointer vatt_device_object (VattDevice *device);
