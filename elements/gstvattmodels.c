/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A process-wide table with weak references: whoever asks for the same file
 * while somebody still holds the model gets the same object. A file that has
 * been replaced (another size, time or inode) is another model. The table's
 * lock is not held while a file is read; a second caller waits for the
 * first. */
#include "gstvattmodels.h"

#include "gstvattpublished.h"

#include <glib/gstdio.h>

typedef struct {
  char *key;        /* owned; what the object was made from */
  GWeakRef object;  /* VattModel, VattDevice or GstVattEngine */
  gboolean loading; /* somebody is making the object just now */
} SharedRow;

typedef GObject *(*MakeFunc) (gconstpointer request, GError **error);

static GMutex table_lock;
static GCond table_cond;
static GPtrArray *model_rows;  /* of SharedRow, under table_lock */
static GPtrArray *device_rows; /* of SharedRow, under table_lock */
static GPtrArray *engine_rows; /* of SharedRow, under table_lock */

static void
shared_row_free (gpointer data)
{
  SharedRow *row = data;
  g_weak_ref_clear (&row->object);
  g_free (row->key);
  g_free (row);
}

/* Forgets what nobody uses any more. Called with the lock held. */
static void
prune (GPtrArray *rows)
{
  for (guint i = rows->len; i-- > 0;) {
    SharedRow *row = g_ptr_array_index (rows, i);
    g_autoptr (GObject) object = g_weak_ref_get (&row->object);
    if (!object && !row->loading)
      g_ptr_array_remove_index (rows, i);
  }
}

static SharedRow *
find_row (GPtrArray *rows, const char *key)
{
  for (guint i = 0; i < rows->len; i++) {
    SharedRow *row = g_ptr_array_index (rows, i);
    if (g_str_equal (row->key, key))
      return row;
  }
  return NULL;
}

/* Returns a reference to the shared object, or makes @claimed the row that
 * the caller has to fill with settle_row(). */
static GObject *
claim_row (GPtrArray **rows, const char *key, SharedRow **claimed)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&table_lock);
  if (!*rows)
    *rows = g_ptr_array_new_with_free_func (shared_row_free);
  SharedRow *row;
  while ((row = find_row (*rows, key)) && row->loading)
    g_cond_wait (&table_cond, &table_lock);
  GObject *object = row ? g_weak_ref_get (&row->object) : NULL;
  if (object)
    return object;
  if (!row) {
    prune (*rows);
    row = g_new0 (SharedRow, 1);
    row->key = g_strdup (key);
    g_weak_ref_init (&row->object, NULL);
    g_ptr_array_add (*rows, row);
  }
  row->loading = TRUE;
  *claimed = row;
  return NULL;
}

static void
settle_row (SharedRow *row, GObject *object)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&table_lock);
  g_weak_ref_set (&row->object, object);
  row->loading = FALSE;
  g_cond_broadcast (&table_cond);
}

static GObject *
get_shared (GPtrArray **rows, const char *key, MakeFunc make,
    gconstpointer request, GError **error)
{
  SharedRow *row = NULL;
  GObject *object = claim_row (rows, key, &row);
  if (object)
    return object;
  object = make (request, error);
  settle_row (row, object);
  return object;
}

typedef struct {
  const char *path;
  GCancellable *cancellable;
} ModelRequest;

static GObject *
make_model (gconstpointer request, GError **error)
{
  const ModelRequest *wanted = request;
  return (GObject *)vatt_model_load_copy (
      wanted->path, wanted->cancellable, error);
}

/* What is no file may be a shipped model's name. */
static char *
full_name (const char *path)
{
  return path && g_file_test (path, G_FILE_TEST_EXISTS)
             ? g_canonicalize_filename (path, NULL)
             : g_strdup (path);
}

/*
 * gst_vatt_models_version:
 * @path: (nullable): a model file, which need not be there
 * @reader: (nullable): as of gst_vatt_models_load()
 *
 * Returns: (transfer full): a text that is another one as soon as the file is
 */
char *
gst_vatt_models_version (const char *path, GstElement *reader)
{
  const char *trainer = gst_vatt_published_parse (path);
  if (trainer)
    return gst_vatt_published_version (trainer, reader);
  g_autofree char *full = full_name (path);
  GStatBuf state = { 0 };
  if (full && g_stat (full, &state) != 0)
    state = (GStatBuf){ 0 };
  return g_strdup_printf ("%s|%" G_GUINT64_FORMAT "|%" G_GINT64_FORMAT
                          ".%09ld|%" G_GINT64_FORMAT,
      full ? full : "", (guint64)state.st_ino, (gint64)state.st_mtim.tv_sec,
      (long)state.st_mtim.tv_nsec, (gint64)state.st_size);
}

/*
 * gst_vatt_models_load:
 * @path: (nullable): a model file, or `trainer:` and the name of a trainer of
 *   this process; %NULL for the shipped model
 * @reader: (nullable): the element that wants it: trainers of its pipeline go
 *   before others
 * @error: return location
 *
 * Blocks while the file is read, into memory of its own: it may be overwritten
 * at any time.
 *
 * Returns: (transfer full): the model
 */
VattModel *
gst_vatt_models_load (const char *path, GstElement *reader, GError **error)
{
  return gst_vatt_models_load_full (path, reader, NULL, error);
}

/* The same; @cancellable ends the reading, if it is this caller's. */
VattModel *
gst_vatt_models_load_full (const char *path, GstElement *reader,
    GCancellable *cancellable, GError **error)
{
  const char *trainer = gst_vatt_published_parse (path);
  if (trainer)
    return gst_vatt_published_get (trainer, reader, error);
  g_autofree char *full = full_name (path);
  g_autofree char *key = gst_vatt_models_version (path, reader);
  ModelRequest request = { .path = full, .cancellable = cancellable };
  return (VattModel *)get_shared (
      &model_rows, key, make_model, &request, error);
}

/*
 * gst_vatt_models_find:
 * @model_id: as token caps carry it
 *
 * The ids of models that were read whole are those of their contents, whatever
 * a file says. Of several with one id, which may differ in labels and words,
 * the youngest is meant.
 *
 * Returns: (transfer full) (nullable): the model, if somebody holds it
 */
VattModel *
gst_vatt_models_find (const char *model_id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&table_lock);
  for (guint i = model_rows ? model_rows->len : 0; i-- > 0;) {
    SharedRow *row = g_ptr_array_index (model_rows, i);
    VattModel *model = g_weak_ref_get (&row->object);
    if (model && g_strcmp0 (vatt_model_get_id (model), model_id) == 0)
      return model;
    g_clear_object (&model);
  }
  return NULL;
}

/*
 * gst_vatt_models_add:
 * @model: a model that was not read from a file
 *
 * Lets gst_vatt_models_find() find @model as long as somebody holds it.
 */
void
gst_vatt_models_add (VattModel *model)
{
  static guint64 made;
  g_mutex_lock (&table_lock);
  g_autofree char *key = g_strdup_printf ("made %" G_GUINT64_FORMAT, made++);
  g_mutex_unlock (&table_lock);
  SharedRow *row = NULL;
  if (!claim_row (&model_rows, key, &row))
    settle_row (row, G_OBJECT (model));
}

typedef struct {
  const char *name;
  VattDeviceParams params;
} DeviceRequest;

static const GEnumValue weights_values[] = {
  { VATT_WEIGHT_STORAGE_F32, "32 bits", "f32" },
  { VATT_WEIGHT_STORAGE_BF16, "16 bits, the range of floats", "bf16" },
  { VATT_WEIGHT_STORAGE_F16, "16 bits, more precise, up to 65504", "f16" },
  { 0, NULL, NULL },
};

GType
gst_vatt_weights_get_type (void)
{
  static gsize type = 0;
  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstVattWeights", weights_values));
  return type;
}

static char *
key_of (const DeviceRequest *request)
{
  return g_strdup_printf ("%s|%u|%d", request->name, request->params.threads,
      (int)request->params.weights);
}

static GObject *
make_device (gconstpointer data, GError **error)
{
  const DeviceRequest *request = data;
  return (GObject *)vatt_device_new (request->name, &request->params, error);
}

/*
 * gst_vatt_models_get_device:
 * @name: as vatt_device_new() takes it
 * @params: its settings
 * @error: return location
 *
 * Returns: (transfer full): the device
 */
VattDevice *
gst_vatt_models_get_device (
    const char *name, const VattDeviceParams *params, GError **error)
{
  g_autofree char *resolved = vatt_device_resolve (name);
  const DeviceRequest request = { .name = resolved, .params = *params };
  g_autofree char *key = key_of (&request);
  return (VattDevice *)get_shared (
      &device_rows, key, make_device, &request, error);
}

static GObject *
make_engine (gconstpointer data, GError **error)
{
  const DeviceRequest *request = data;
  g_autoptr (VattDevice) device =
      gst_vatt_models_get_device (request->name, &request->params, error);
  return device ? (GObject *)gst_vatt_engine_new (device, error) : NULL;
}

/*
 * gst_vatt_models_get_engine:
 * @name: of the device, as vatt_device_new() takes it
 * @params: its settings
 * @error: return location
 *
 * Returns: (transfer full): what computes on that device
 */
GstVattEngine *
gst_vatt_models_get_engine (
    const char *name, const VattDeviceParams *params, GError **error)
{
  g_autofree char *resolved = vatt_device_resolve (name);
  const DeviceRequest request = { .name = resolved, .params = *params };
  g_autofree char *key = key_of (&request);
  return (GstVattEngine *)get_shared (
      &engine_rows, key, make_engine, &request, error);
}
