/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The Vulkan device, as the table of devices sees it. */
#pragma once

#include "device-iface.h"

extern const VattDeviceIface vatt_device_vulkan;
