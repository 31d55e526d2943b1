/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The file in which compiled pipelines outlive the process. */
#pragma once

#include "vk.h"

/* What was kept for this device and driver; NULL for nothing, or nothing that
 * can be trusted. */
GBytes *vatt_vk_cache_read (const VattVkCaps *caps);
/* Keeps data, in one step; a failure is told at INFO and changes nothing. */
void vatt_vk_cache_write (
    const VattVkCaps *caps, const void *data, size_t size);
