/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Counting allocations, and having one fail: for one file of a test, as it puts
 * itself in the place of the C library's functions. */
#pragma once

#include <glib.h>
#include <stdlib.h>

static gint counting; /* on, while not 0 */
static gint allocations;
/* There is no memory of that size; 0: there is. */
G_GNUC_UNUSED static gsize missing;

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
static const char *const cannot_count =
    "sanitizers have an allocator of their own";
#elif defined __GLIBC__
static const char *const cannot_count = NULL;

void *__libc_malloc (size_t size);
void *__libc_calloc (size_t n, size_t size);
void *__libc_realloc (void *memory, size_t size);
void *__libc_memalign (size_t alignment, size_t size);
void __libc_free (void *memory);

static void
note (void)
{
  if (g_atomic_int_get (&counting))
    g_atomic_int_inc (&allocations);
}

void *
malloc (size_t size)
{
  note ();
  return size && size == missing ? NULL : __libc_malloc (size);
}

void *
calloc (size_t n, size_t size)
{
  note ();
  return __libc_calloc (n, size);
}

void *
realloc (void *memory, size_t size)
{
  note ();
  return __libc_realloc (memory, size);
}

void *
aligned_alloc (size_t alignment, size_t size)
{
  note ();
  return __libc_memalign (alignment, size);
}

int
posix_memalign (void **memory, size_t alignment, size_t size)
{
  note ();
  *memory = __libc_memalign (alignment, size);
  return *memory ? 0 : 12; /* ENOMEM */
}

void
free (void *memory)
{
  if (memory)
    note ();
  __libc_free (memory);
}
#else
static const char *const cannot_count = "another C library than glibc";
#endif
