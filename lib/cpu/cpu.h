/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The CPU device. */
#pragma once

#include "device-iface.h"

extern const VattDeviceIface vatt_device_cpu;
