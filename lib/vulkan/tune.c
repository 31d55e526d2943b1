/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of profiles. Only lavapipe's was measured; the others are derived
 * from what their makers publish, and are there to be corrected by whoever
 * measures them. */
#include "tune.h"

#include <string.h>

/* Members of a tile: invocations; rows x columns x depth of the group; rows x
 * columns of an invocation. */
#define TILE(lanes, rows, columns, depth, row_step, column_step)               \
  {                                                                            \
    lanes, rows, columns, depth, row_step, column_step                         \
  }
#define NO_TILE                                                                \
  {                                                                            \
    0                                                                          \
  }

static const VattVkProfile profiles[] = {
  /* Lanes are those of one vector register; shared memory is memory like any
   * other, and a barrier stores all registers. */
  { .name = "lavapipe",
      .drivers = { VK_DRIVER_ID_MESA_LLVMPIPE },
      .row_lanes = 8,
      .element_lanes = 64,
      .units = 2,
      .gemm = VATT_GEMM_DIRECT,
      .tiles = { TILE (8, 32, 32, 4, 32, 4), TILE (8, 16, 32, 4, 16, 4),
          TILE (8, 8, 32, 4, 8, 4) } },
  { .name = "nvidia",
      .vendors = { 0x10de },
      .row_lanes = 32,
      .element_lanes = 256,
      .units = 32,
      .gemm = VATT_GEMM_TILE,
      .tiles = { TILE (256, 128, 128, 16, 8, 8), TILE (128, 64, 64, 16, 4, 8),
          TILE (64, 32, 32, 32, 4, 4) } },
  { .name = "amd",
      .vendors = { 0x1002 },
      .row_lanes = 64,
      .element_lanes = 256,
      .units = 32,
      .gemm = VATT_GEMM_TILE,
      .tiles = { NO_TILE, TILE (256, 64, 64, 16, 4, 4),
          TILE (64, 32, 32, 16, 4, 4) } },
  { .name = "intel",
      .vendors = { 0x8086 },
      .row_lanes = 32,
      .element_lanes = 128,
      .units = 16,
      .gemm = VATT_GEMM_TILE,
      .tiles = { NO_TILE, TILE (128, 64, 64, 16, 4, 8),
          TILE (64, 32, 32, 16, 4, 4) } },
  { .name = "adreno",
      .vendors = { 0x5143 },
      .drivers = { VK_DRIVER_ID_QUALCOMM_PROPRIETARY,
          VK_DRIVER_ID_MESA_TURNIP },
      .row_lanes = 64,
      .element_lanes = 128,
      .units = 4,
      .gemm = VATT_GEMM_TILE,
      .tiles = { NO_TILE, TILE (64, 32, 64, 16, 4, 8),
          TILE (64, 32, 32, 16, 4, 4) } },
  /* With Broadcom's and Imagination's: shared memory is ordinary memory. */
  { .name = "mali",
      .vendors = { 0x13b5, 0x14e4, 0x1010 },
      .row_lanes = 16,
      .element_lanes = 64,
      .units = 8,
      .gemm = VATT_GEMM_DIRECT,
      .tiles = { NO_TILE, TILE (64, 4, 256, 4, 4, 4),
          TILE (32, 4, 128, 4, 4, 4) } },
  { .name = "apple",
      .vendors = { 0x106b },
      .drivers = { VK_DRIVER_ID_MOLTENVK },
      .row_lanes = 32,
      .element_lanes = 128,
      .units = 8,
      .gemm = VATT_GEMM_TILE,
      .tiles = { NO_TILE, TILE (128, 64, 64, 16, 4, 8),
          TILE (64, 32, 32, 16, 4, 4) } },
  { .name = "generic",
      .row_lanes = 64,
      .element_lanes = 128,
      .units = 16,
      .gemm = VATT_GEMM_TILE,
      .tiles = { NO_TILE, TILE (128, 64, 64, 8, 4, 8),
          TILE (64, 32, 32, 16, 4, 4) } },
};

const VattVkProfile *
vatt_vk_profile_named (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (profiles); i++)
    if (strcmp (profiles[i].name, name) == 0)
      return &profiles[i];
  return NULL;
}

static gboolean
has_driver (const VattVkProfile *profile, VkDriverId driver)
{
  for (guint i = 0; profile->drivers[i]; i++)
    if (profile->drivers[i] == driver)
      return TRUE;
  return FALSE;
}

static gboolean
has_vendor (const VattVkProfile *profile, guint32 vendor)
{
  for (guint i = 0; profile->vendors[i]; i++)
    if (profile->vendors[i] == vendor)
      return TRUE;
  return FALSE;
}

const VattVkProfile *
vatt_vk_profile_of (const VattVkCaps *caps)
{
  for (guint i = 0; i < G_N_ELEMENTS (profiles); i++)
    if (has_driver (&profiles[i], caps->driver))
      return &profiles[i];
  for (guint i = 0; i < G_N_ELEMENTS (profiles); i++)
    if (has_vendor (&profiles[i], caps->vendor))
      return &profiles[i];
  return vatt_vk_profile_named ("generic");
}

char *
vatt_vk_profile_names (void)
{
  GString *names = g_string_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (profiles); i++)
    g_string_append_printf (names, "%s%s", i ? ", " : "", profiles[i].name);
  return g_string_free (names, FALSE);
}
