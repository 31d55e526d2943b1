/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading safetensors: https://huggingface.co/docs/safetensors. Everything is
 * checked on opening; the accessors trust it. */
#include <vatt/tensorfile.h>

#include "damaged.h"
#include "jsonreader.h"
#include "regularfile.h"
#include "seal.h"
#include "size.h"
#include "tensorfile-private.h"
#include "tensorheader.h"

#include <string.h>

typedef struct {
  VattTensorInfo info; /* owns the name */
  guint64 shape[VATT_TENSOR_RANK_MAX];
  guint64 begin, end; /* place within the data */
} Tensor;

struct _VattTensorFile {
  char *path;
  VattMap map;
  VattReading *reading;  /* NULL where the file is mapped, or read */
  GPtrArray *tensors;    /* Tensor, by place */
  GHashTable *by_name;   /* name -> Tensor; owns nothing */
  GHashTable *metadata;  /* text -> text */
  gboolean has_metadata; /* whether the header has that entry */
};

static void
tensor_free (gpointer data)
{
  Tensor *tensor = data;
  g_free ((char *)tensor->info.name);
  g_free (tensor);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Tensor, tensor_free)

/* What the reader stumbled over, once it has. */
static gboolean
malformed (
    const VattTensorFile *file, const VattJsonReader *reader, GError **error)
{
  return vatt_damaged (file->path, error, "the header %s, at byte %zu of it",
      reader->problem, (gsize)(reader->p - reader->begin));
}

static gboolean
read_dtype (const VattTensorFile *file, VattJsonReader *reader, Tensor *tensor,
    GError **error)
{
  g_autofree char *name = vatt_json_read_string (reader);
  if (name == NULL)
    return malformed (file, reader, error);
  for (VattDtype dtype = 0; dtype <= VATT_DTYPE_BOOL; dtype++)
    if (strcmp (name, vatt_dtype_name (dtype)) == 0) {
      tensor->info.dtype = dtype;
      return TRUE;
    }
  return vatt_damaged (file->path, error,
      "tensor '%s' has type '%s', expected one of F64 F32 F16 BF16 I64 I32 "
      "I16 I8 U64 U32 U16 U8 BOOL",
      tensor->info.name, name);
}

static gboolean
read_shape (const VattTensorFile *file, VattJsonReader *reader, Tensor *tensor,
    GError **error)
{
  if (!vatt_json_expect (reader, '['))
    return malformed (file, reader, error);
  if (vatt_json_accept (reader, ']'))
    return TRUE;
  do {
    if (tensor->info.rank == VATT_TENSOR_RANK_MAX) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
          "weights '%s': tensor '%s' has more than %d dimensions", file->path,
          tensor->info.name, VATT_TENSOR_RANK_MAX);
      return FALSE;
    }
    guint64 *size = &tensor->shape[tensor->info.rank++];
    if (!vatt_json_read_unsigned (reader, size))
      return malformed (file, reader, error);
  } while (vatt_json_accept (reader, ','));
  if (!vatt_json_expect (reader, ']'))
    return malformed (file, reader, error);
  return TRUE;
}

static gboolean
read_offsets (const VattTensorFile *file, VattJsonReader *reader,
    Tensor *tensor, GError **error)
{
  if (!vatt_json_expect (reader, '[') ||
      !vatt_json_read_unsigned (reader, &tensor->begin) ||
      !vatt_json_expect (reader, ',') ||
      !vatt_json_read_unsigned (reader, &tensor->end) ||
      !vatt_json_expect (reader, ']'))
    return malformed (file, reader, error);
  return TRUE;
}

/* The members of a tensor's object: each of the three exactly once, others
 * skipped as the format's own reader does. */
static gboolean
read_members (const VattTensorFile *file, VattJsonReader *reader,
    Tensor *tensor, GError **error)
{
  static const struct {
    const char *name;
    gboolean (*read) (const VattTensorFile *file, VattJsonReader *reader,
        Tensor *tensor, GError **error);
  } members[] = { { "dtype", read_dtype }, { "shape", read_shape },
    { "data_offsets", read_offsets } };
  guint seen[G_N_ELEMENTS (members)] = { 0 };

  if (!vatt_json_expect (reader, '{'))
    return malformed (file, reader, error);
  if (!vatt_json_accept (reader, '}')) {
    do {
      g_autofree char *name = vatt_json_read_string (reader);
      if (name == NULL || !vatt_json_expect (reader, ':'))
        return malformed (file, reader, error);
      gsize i = 0;
      while (i < G_N_ELEMENTS (members) && strcmp (members[i].name, name) != 0)
        i++;
      if (i == G_N_ELEMENTS (members)) {
        if (!vatt_json_skip (reader))
          return malformed (file, reader, error);
        continue;
      }
      if (seen[i]++ > 0)
        return vatt_damaged (file->path, error, "tensor '%s' has '%s' twice",
            tensor->info.name, name);
      if (!members[i].read (file, reader, tensor, error))
        return FALSE;
    } while (vatt_json_accept (reader, ','));
    if (!vatt_json_expect (reader, '}'))
      return malformed (file, reader, error);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    if (seen[i] == 0)
      return vatt_damaged (file->path, error, "tensor '%s' has no '%s'",
          tensor->info.name, members[i].name);
  return TRUE;
}

/* Place and size of one tensor; data_size is what the file holds. */
static gboolean
check_size (
    const VattTensorFile *file, Tensor *tensor, gsize data_size, GError **error)
{
  const char *name = tensor->info.name;
  if (tensor->begin > tensor->end || tensor->end > data_size)
    return vatt_damaged (file->path, error,
        "tensor '%s' claims bytes %" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT
        ", the file holds %zu",
        name, tensor->begin, tensor->end, data_size);

  gsize size;
  tensor->info.shape = tensor->shape;
  if (!vatt_tensor_info_measure (&tensor->info, &size))
    return vatt_damaged (
        file->path, error, "tensor '%s' has a shape beyond all memory", name);
  if (tensor->end - tensor->begin != size)
    return vatt_damaged (file->path, error,
        "tensor '%s' has %" G_GUINT64_FORMAT " bytes, its shape needs %zu",
        name, tensor->end - tensor->begin, size);
  tensor->info.size = size;
  return TRUE;
}

static gboolean
read_tensor (VattTensorFile *file, VattJsonReader *reader, char *name,
    gsize data_size, GError **error)
{
  g_autoptr (Tensor) tensor = g_new0 (Tensor, 1);
  tensor->info.name = name;
  if (!read_members (file, reader, tensor, error) ||
      !check_size (file, tensor, data_size, error))
    return FALSE;
  if (!g_hash_table_insert (file->by_name, name, tensor))
    return vatt_damaged (file->path, error, "tensor '%s' is there twice", name);
  g_ptr_array_add (file->tensors, g_steal_pointer (&tensor));
  return TRUE;
}

static gboolean
read_metadata (VattTensorFile *file, VattJsonReader *reader, GError **error)
{
  if (file->has_metadata)
    return vatt_damaged (
        file->path, error, "'" VATT_TENSOR_METADATA "' is there twice");
  file->has_metadata = TRUE;
  if (!vatt_json_expect (reader, '{'))
    return malformed (file, reader, error);
  if (vatt_json_accept (reader, '}'))
    return TRUE;
  do {
    g_autofree char *key = vatt_json_read_string (reader);
    if (key == NULL || !vatt_json_expect (reader, ':'))
      return malformed (file, reader, error);
    char *text = vatt_json_read_string (reader);
    if (text == NULL)
      return malformed (file, reader, error);
    if (g_hash_table_contains (file->metadata, key)) {
      g_free (text);
      return vatt_damaged (
          file->path, error, "metadata '%s' is there twice", key);
    }
    g_hash_table_insert (file->metadata, g_steal_pointer (&key), text);
  } while (vatt_json_accept (reader, ','));
  if (!vatt_json_expect (reader, '}'))
    return malformed (file, reader, error);
  return TRUE;
}

static gboolean
read_header (VattTensorFile *file, VattJsonReader *reader, gsize data_size,
    GError **error)
{
  if (!vatt_json_expect (reader, '{'))
    return malformed (file, reader, error);
  if (!vatt_json_accept (reader, '}')) {
    do {
      g_autofree char *name = vatt_json_read_string (reader);
      if (name == NULL || !vatt_json_expect (reader, ':'))
        return malformed (file, reader, error);
      gboolean read = strcmp (name, VATT_TENSOR_METADATA) == 0
                          ? read_metadata (file, reader, error)
                          : read_tensor (file, reader, g_steal_pointer (&name),
                                data_size, error);
      if (!read)
        return FALSE;
    } while (vatt_json_accept (reader, ','));
    if (!vatt_json_expect (reader, '}'))
      return malformed (file, reader, error);
  }
  return vatt_json_at_end (reader) ||
         vatt_damaged (
             file->path, error, "the header has text behind its object");
}

static int
compare_places (gconstpointer a, gconstpointer b)
{
  const Tensor *first = *(Tensor *const *)a, *second = *(Tensor *const *)b;
  if (first->begin != second->begin)
    return first->begin < second->begin ? -1 : 1;
  return first->end < second->end ? -1 : first->end > second->end;
}

/* Orders the tensors by place, checks that they fill the data, and points
 * them at it. */
static gboolean
place_tensors (
    VattTensorFile *file, const guint8 *data, gsize data_size, GError **error)
{
  guint64 end = 0;
  g_ptr_array_sort (file->tensors, compare_places);
  for (guint i = 0; i < file->tensors->len; i++) {
    Tensor *tensor = file->tensors->pdata[i];
    if (tensor->begin != end)
      return vatt_damaged (file->path, error,
          "tensor '%s' begins at byte %" G_GUINT64_FORMAT
          ", expected %" G_GUINT64_FORMAT ": %s",
          tensor->info.name, tensor->begin, end,
          tensor->begin < end ? "it overlaps another" : "a hole before it");
    end = tensor->end;
    tensor->info.data = data + tensor->begin;
  }
  return end == data_size || vatt_damaged (file->path, error,
                                 "the tensors end at byte %" G_GUINT64_FORMAT
                                 ", the file holds %zu",
                                 end, data_size);
}

/* Makes the first end bytes of the file readable. */
static gboolean
fill (
    VattTensorFile *file, gsize end, GCancellable *cancellable, GError **error)
{
  return file->reading == NULL ||
         vatt_reading_fill (file->reading, end, cancellable, error);
}

/* Reads the header and places the tensors. */
static gboolean
load (VattTensorFile *file, GCancellable *cancellable, GError **error)
{
  const guint8 *bytes = file->map.data;
  gsize size = file->map.size;
  guint64 header_size;

  if (size < sizeof (header_size))
    return vatt_damaged (file->path, error,
        "the file holds %zu bytes, expected at least 8: it is empty or no "
        "safetensors file",
        size);
  if (!fill (file, sizeof (header_size), cancellable, error))
    return FALSE;
  memcpy (&header_size, bytes, sizeof (header_size));
  header_size = GUINT64_FROM_LE (header_size);
  if (header_size > VATT_TENSOR_HEADER_MAX)
    return vatt_damaged (file->path, error,
        "the header claims %" G_GUINT64_FORMAT
        " bytes, the limit is %d: no safetensors file",
        header_size, VATT_TENSOR_HEADER_MAX);
  bytes += sizeof (header_size);
  size -= sizeof (header_size);
  if (header_size > size)
    return vatt_damaged (file->path, error,
        "the header claims %" G_GUINT64_FORMAT
        " bytes, the file holds %zu behind its length",
        header_size, size);

  if (!fill (
          file, sizeof (header_size) + (gsize)header_size, cancellable, error))
    return FALSE;

  VattJsonReader reader;
  gsize data_size = size - (gsize)header_size;
  if (!vatt_json_reader_init (&reader, (const char *)bytes, (gsize)header_size))
    return vatt_damaged (file->path, error, "the header %s", reader.problem);
  if (header_size == 0 || bytes[0] != '{')
    return vatt_damaged (
        file->path, error, "the header does not begin with '{'");
  return read_header (file, &reader, data_size, error) &&
         place_tensors (file, bytes + header_size, data_size, error);
}

static void
clear (gpointer data)
{
  VattTensorFile *file = data;
  g_hash_table_unref (file->by_name);
  g_hash_table_unref (file->metadata);
  g_ptr_array_unref (file->tensors);
  g_clear_pointer (&file->reading, vatt_reading_free);
  vatt_map_clear (&file->map);
  g_free (file->path);
}

static VattTensorFile *
new_file (const char *path)
{
  VattTensorFile *file = g_atomic_rc_box_new0 (VattTensorFile);
  file->path = g_strdup (path);
  file->tensors = g_ptr_array_new_with_free_func (tensor_free);
  file->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  file->metadata =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return file;
}

VattTensorFile *
vatt_tensor_file_open (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  g_autoptr (VattTensorFile) file = new_file (path);
  if (!vatt_map_open (&file->map, "weights", path, error) ||
      !load (file, NULL, error))
    return NULL;
  return g_steal_pointer (&file);
}

VattTensorFile *
vatt_tensor_file_begin (
    const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (VattTensorFile) file = new_file (path);
  file->reading = vatt_reading_new (&file->map, "weights", path, error);
  if (file->reading == NULL || !load (file, cancellable, error))
    return NULL;
  return g_steal_pointer (&file);
}

gboolean
vatt_tensor_file_finish (VattTensorFile *file, gsize n_tensors,
    GCancellable *cancellable, GError **error)
{
  gsize end = file->map.size;
  if (n_tensors < file->tensors->len) {
    const Tensor *next = file->tensors->pdata[n_tensors];
    end = (gsize)((const guint8 *)next->info.data - file->map.data);
  }
  gboolean read = vatt_reading_finish (file->reading, end, cancellable, error);
  g_clear_pointer (&file->reading, vatt_reading_free);
  return read;
}

VattTensorFile *
vatt_tensor_file_read (
    const char *path, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  g_autoptr (VattTensorFile) file =
      vatt_tensor_file_begin (path, cancellable, error);
  if (file == NULL ||
      !vatt_tensor_file_finish (file, file->tensors->len, cancellable, error))
    return NULL;
  return g_steal_pointer (&file);
}

VattTensorFile *
vatt_tensor_file_open_sealed (const char *path, GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autoptr (VattTensorFile) file = new_file (path);
  if (!vatt_seal_map (&file->map, path, error))
    return NULL;
  if (load (file, NULL, &reason) && vatt_seal_expect (file, &reason))
    return g_steal_pointer (&file);
  g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
      "%s; as its checksum is right, it was written so", reason->message);
  return NULL;
}

VattTensorFile *
vatt_tensor_file_ref (VattTensorFile *file)
{
  g_return_val_if_fail (file != NULL, NULL);

  return g_atomic_rc_box_acquire (file);
}

G_DEFINE_BOXED_TYPE (VattTensorFile, vatt_tensor_file, vatt_tensor_file_ref,
    vatt_tensor_file_unref)

void
vatt_tensor_file_unref (VattTensorFile *file)
{
  g_return_if_fail (file != NULL);

  g_atomic_rc_box_release_full (file, clear);
}

const char *
vatt_tensor_file_get_path (const VattTensorFile *file)
{
  g_return_val_if_fail (file != NULL, NULL);

  return file->path;
}

gsize
vatt_tensor_file_get_n_tensors (const VattTensorFile *file)
{
  g_return_val_if_fail (file != NULL, 0);

  return file->tensors->len;
}

const VattTensorInfo *
vatt_tensor_file_get_tensor (const VattTensorFile *file, gsize index)
{
  g_return_val_if_fail (file != NULL, NULL);
  g_return_val_if_fail (index < file->tensors->len, NULL);

  return &((Tensor *)file->tensors->pdata[index])->info;
}

const VattTensorInfo *
vatt_tensor_file_lookup (const VattTensorFile *file, const char *name)
{
  g_return_val_if_fail (file != NULL && name != NULL, NULL);

  Tensor *tensor = g_hash_table_lookup (file->by_name, name);
  return tensor != NULL ? &tensor->info : NULL;
}

const char *
vatt_tensor_file_get_metadata (const VattTensorFile *file, const char *key)
{
  g_return_val_if_fail (file != NULL && key != NULL, NULL);

  return g_hash_table_lookup (file->metadata, key);
}

GHashTable *
vatt_tensor_file_get_metadata_table (const VattTensorFile *file)
{
  g_return_val_if_fail (file != NULL, NULL);

  return file->metadata;
}
