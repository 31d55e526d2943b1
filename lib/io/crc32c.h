/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * CRC-32C (Castagnoli, RFC 3720): reflected polynomial 0x82F63B78, initial
 * value and final exclusive-or 0xFFFFFFFF. TensorFlow stores it masked, so
 * that the checksum of data that hold checksums stays useful. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The checksum of A followed by B is extend (crc of A, B); of nothing, 0. */
uint32_t vatt_crc32c_extend (uint32_t crc, const void *data, size_t size);

/* The same by tables alone, whatever the processor; the tests compare. */
uint32_t vatt_crc32c_extend_portable (
    uint32_t crc, const void *data, size_t size);

static inline uint32_t
vatt_crc32c_mask (uint32_t crc)
{
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
}

static inline uint32_t
vatt_crc32c_unmask (uint32_t masked)
{
  uint32_t rotated = masked - 0xA282EAD8u;
  return (rotated >> 17) | (rotated << 15);
}
