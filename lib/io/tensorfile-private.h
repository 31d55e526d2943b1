/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vatt_tensor_file_read() in two steps, so that who reads can look at the
 * header before the data take any memory; and files that hold their own
 * checksum. */
#pragma once

#include <vatt/tensorfile.h>

/* The header is read and checked; tensors have their places, but no data. */
VattTensorFile *vatt_tensor_file_begin (
    const char *path, GCancellable *cancellable, GError **error);

/* Reads the data of the first n_tensors, in the order of the file; those of
 * others stay unread. A file that failed must not be used. */
gboolean vatt_tensor_file_finish (VattTensorFile *file, gsize n_tensors,
    GCancellable *cancellable, GError **error);

/* What the names of tensors begin with that belong to a training, not to the
 * model in the same file. */
#define VATT_TENSOR_TRAINING "training/"

/* The tensor (1) of I32 that ends a sealed file: the CRC-32C of all bytes
 * before its own. */
#define VATT_TENSOR_SEAL VATT_TENSOR_TRAINING "crc32c"

/* As vatt_tensor_file_write(), with a seal behind the tensors. */
gboolean vatt_tensor_file_write_sealed (const char *path,
    const VattTensorInfo *tensors, gsize n_tensors, GHashTable *metadata,
    GError **error);

/* As vatt_tensor_file_open(), of a sealed file. VATT_ERROR_WEIGHTS: its bytes
 * are not those that were sealed; VATT_ERROR_UNSUPPORTED: they are, but not
 * such as this version writes. */
VattTensorFile *vatt_tensor_file_open_sealed (const char *path, GError **error);
