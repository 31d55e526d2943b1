/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Named tensors in a file, in the safetensors format:
 * https://huggingface.co/docs/safetensors - 8 bytes of header length, a header
 * in JSON, then the tensors' bytes, little-endian, without gaps.
 *
 * |[<!-- language="C" -->
 * g_autoptr (VattTensorFile) file = vatt_tensor_file_open (path, &error);
 * const VattTensorInfo *info;
 * if (file == NULL)
 *   return FALSE;
 * info = vatt_tensor_file_lookup (file, "video.patch.weight");
 * ]| */
#pragma once

#include <gio/gio.h>
#include <vatt/error.h>
#include <glib-object.h>

G_BEGIN_DECLS

/**
 * VattDtype:
 * @VATT_DTYPE_F64: double
 * @VATT_DTYPE_F32: float
 * @VATT_DTYPE_F16: IEEE half precision
 * @VATT_DTYPE_BF16: the upper half of a float
 * @VATT_DTYPE_I64: signed, 64 bits
 * @VATT_DTYPE_I32: signed, 32 bits
 * @VATT_DTYPE_I16: signed, 16 bits
 * @VATT_DTYPE_I8: signed, 8 bits
 * @VATT_DTYPE_U64: unsigned, 64 bits
 * @VATT_DTYPE_U32: unsigned, 32 bits
 * @VATT_DTYPE_U16: unsigned, 16 bits
 * @VATT_DTYPE_U8: unsigned, 8 bits
 * @VATT_DTYPE_BOOL: one byte, 0 or 1
 *
 * What the elements of a tensor are.
 */
typedef enum {
  VATT_DTYPE_F64,
  VATT_DTYPE_F32,
  VATT_DTYPE_F16,
  VATT_DTYPE_BF16,
  VATT_DTYPE_I64,
  VATT_DTYPE_I32,
  VATT_DTYPE_I16,
  VATT_DTYPE_I8,
  VATT_DTYPE_U64,
  VATT_DTYPE_U32,
  VATT_DTYPE_U16,
  VATT_DTYPE_U8,
  VATT_DTYPE_BOOL,
} VattDtype;

/**
 * VATT_TENSOR_RANK_MAX:
 *
 * The largest number of dimensions of a tensor.
 */
#define VATT_TENSOR_RANK_MAX 8

/**
 * VattTensorInfo:
 * @name: its name, unique in a file
 * @dtype: what its elements are
 * @rank: number of dimensions; 0 is a scalar
 * @shape: (array length=rank): the dimensions; the last one changes fastest
 * @size: bytes at @data: the product of @shape times the size of an element
 * @data: the elements, little-endian. In a file that other software wrote
 *   they may begin at any byte: copy them, or check, before they are read as
 *   anything wider than bytes
 *
 * A tensor in a file, or one to write. Owns nothing.
 */
typedef struct {
  const char *name;
  VattDtype dtype;
  guint rank;
  const guint64 *shape;
  gsize size;
  gconstpointer data;
} VattTensorInfo;

/**
 * vatt_dtype_size:
 * @dtype: a #VattDtype
 *
 * Returns: bytes of an element
 */
VATT_API gsize vatt_dtype_size (VattDtype dtype);

/**
 * vatt_dtype_name:
 * @dtype: a #VattDtype
 *
 * Returns: (transfer none): its name in safetensors files, such as `F32`
 */
VATT_API const char *vatt_dtype_name (VattDtype dtype);

/**
 * VattTensorFile:
 *
 * An open file of tensors. It never changes, so any number of threads may use
 * it.
 */
typedef struct _VattTensorFile VattTensorFile;

#define VATT_TYPE_TENSOR_FILE (vatt_tensor_file_get_type ())
VATT_API GType vatt_tensor_file_get_type (void);

/**
 * vatt_tensor_file_open:
 * @path: (type filename): a safetensors file
 * @error: return location for a #GError
 *
 * Opens a file and checks all of its header: names, types, shapes, and that
 * the tensors fill the data without gaps. A damaged one is a
 * %VATT_ERROR_WEIGHTS, a tensor of more than %VATT_TENSOR_RANK_MAX dimensions
 * a %VATT_ERROR_UNSUPPORTED.
 *
 * Tensors are mapped, not read: who needs the file changed replaces it, as
 * vatt_tensor_file_write() does, for writing into it changes the tensors and
 * cutting it short ends the process.
 *
 * Returns: (transfer full): the file, or %NULL with @error set
 */
VATT_API VattTensorFile *vatt_tensor_file_open (
    const char *path, GError **error);

/**
 * vatt_tensor_file_read:
 * @path: (type filename): a safetensors file
 * @cancellable: (nullable): ends the reading between two pieces
 * @error: return location for a #GError
 *
 * As vatt_tensor_file_open(), but reads all of the file into memory of its
 * own: whatever is done to it afterwards, the tensors stay. A file that is
 * written to or cut short while it is read is a %VATT_ERROR_WEIGHTS.
 *
 * Returns: (transfer full): the file, or %NULL with @error set, which may be
 *   %G_IO_ERROR_CANCELLED
 */
VATT_API VattTensorFile *vatt_tensor_file_read (
    const char *path, GCancellable *cancellable, GError **error);

/**
 * vatt_tensor_file_ref:
 * @file: a #VattTensorFile
 *
 * Returns: (transfer full): @file, with one more reference
 */
VATT_API VattTensorFile *vatt_tensor_file_ref (VattTensorFile *file);

/**
 * vatt_tensor_file_unref:
 * @file: (transfer full): a #VattTensorFile
 *
 * Releases a reference; the last one closes the file, and its tensors and
 * metadata are gone.
 */
VATT_API void vatt_tensor_file_unref (VattTensorFile *file);

/**
 * vatt_tensor_file_get_path:
 * @file: a #VattTensorFile
 *
 * Returns: (transfer none) (type filename): the path it was opened by
 */
VATT_API const char *vatt_tensor_file_get_path (const VattTensorFile *file);

/**
 * vatt_tensor_file_get_n_tensors:
 * @file: a #VattTensorFile
 *
 * Returns: the number of tensors
 */
VATT_API gsize vatt_tensor_file_get_n_tensors (const VattTensorFile *file);

/**
 * vatt_tensor_file_get_tensor:
 * @file: a #VattTensorFile
 * @index: less than the number of tensors
 *
 * Returns: (transfer none): a tensor, in the order of the file's data
 */
VATT_API const VattTensorInfo *vatt_tensor_file_get_tensor (
    const VattTensorFile *file, gsize index);

/**
 * vatt_tensor_file_lookup:
 * @file: a #VattTensorFile
 * @name: a name
 *
 * Returns: (transfer none) (nullable): the tensor of that name
 */
VATT_API const VattTensorInfo *vatt_tensor_file_lookup (
    const VattTensorFile *file, const char *name);

/**
 * vatt_tensor_file_get_metadata:
 * @file: a #VattTensorFile
 * @key: a key
 *
 * Returns: (transfer none) (nullable): the text stored under @key
 */
VATT_API const char *vatt_tensor_file_get_metadata (
    const VattTensorFile *file, const char *key);

/**
 * vatt_tensor_file_get_metadata_table:
 * @file: a #VattTensorFile
 *
 * Returns: (transfer none) (element-type utf8 utf8): all metadata, which must
 *   not be changed
 */
VATT_API GHashTable *vatt_tensor_file_get_metadata_table (
    const VattTensorFile *file);

/**
 * vatt_tensor_file_write: (skip)
 * @path: (type filename): where the file shall be
 * @tensors: (array length=n_tensors): what to write, in this order
 * @n_tensors: how many
 * @metadata: (nullable) (element-type utf8 utf8): texts to store beside them
 * @error: return location for a #GError
 *
 * Writes a safetensors file. It is written aside and renamed when it is whole
 * and on the disk; after a failure an old file at @path is as it was. The same
 * arguments give the same bytes. The first tensor begins at a multiple of 256
 * bytes, each further one where the one before it ends: tensors in the order
 * of falling element sizes are all aligned to their elements.
 *
 * A tensor whose size does not fit its shape, a name given twice and text
 * that is not UTF-8 are a %VATT_ERROR_SHAPE.
 *
 * Returns: whether the file was written
 */
VATT_API gboolean vatt_tensor_file_write (const char *path,
    const VattTensorInfo *tensors, gsize n_tensors, GHashTable *metadata,
    GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattTensorFile, vatt_tensor_file_unref)

G_END_DECLS
