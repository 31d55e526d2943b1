/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vatt_tensor_file_read() in two steps, so that who reads can look at the
 * header before the data take any memory. */
#pragma once

#include <vatt/tensorfile.h>

/* The header is read and checked; tensors have their places, but no data. */
VattTensorFile *vatt_tensor_file_begin (
    const char *path, GCancellable *cancellable, GError **error);

/* Reads the data. A file that failed must not be used. */
gboolean vatt_tensor_file_finish (
    VattTensorFile *file, GCancellable *cancellable, GError **error);
