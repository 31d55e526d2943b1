/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Checked arithmetic for sizes that come from files, caps or users.
 * Every function returns false on overflow and then leaves *result alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

static inline bool
vatt_size_multiply (size_t a, size_t b, size_t *result)
{
  size_t product;
  if (__builtin_mul_overflow (a, b, &product))
    return false;
  *result = product;
  return true;
}

static inline bool
vatt_size_add (size_t a, size_t b, size_t *result)
{
  size_t sum;
  if (__builtin_add_overflow (a, b, &sum))
    return false;
  *result = sum;
  return true;
}

/* Rounds up to a multiple of alignment, a power of two. */
static inline bool
vatt_size_align (size_t size, size_t alignment, size_t *result)
{
  size_t padded;
  if (!vatt_size_add (size, alignment - 1, &padded))
    return false;
  *result = padded & ~(alignment - 1);
  return true;
}
