/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One failure, one element error: the library says what, found and expected;
 * this table adds the GStreamer domain and code, and the details say for
 * programs what the text says for people. */
#include "gstvatterror.h"

#include <gio/gio.h>
#include <vatt/device.h>

typedef GQuark (*DomainFunc) (void);

typedef struct {
  DomainFunc from;   /* domain of the GError */
  int from_code;     /* its code; ANY_CODE for the rest of the domain */
  DomainFunc domain; /* domain of the element error */
  int code;
} ErrorRow;

#define ANY_CODE (-1)

static const ErrorRow error_table[] = {
  { gst_vatt_mismatch_quark, ANY_CODE, gst_core_error_quark,
      GST_CORE_ERROR_NEGOTIATION },
  { g_file_error_quark, G_FILE_ERROR_NOENT, gst_resource_error_quark,
      GST_RESOURCE_ERROR_NOT_FOUND },
  { g_file_error_quark, G_FILE_ERROR_NOMEM, gst_resource_error_quark,
      GST_RESOURCE_ERROR_NO_SPACE_LEFT },
  { g_file_error_quark, G_FILE_ERROR_NOSPC, gst_resource_error_quark,
      GST_RESOURCE_ERROR_NO_SPACE_LEFT },
  { g_file_error_quark, ANY_CODE, gst_resource_error_quark,
      GST_RESOURCE_ERROR_OPEN_READ },
  { g_io_error_quark, G_IO_ERROR_NOT_FOUND, gst_resource_error_quark,
      GST_RESOURCE_ERROR_NOT_FOUND },
  { g_io_error_quark, ANY_CODE, gst_resource_error_quark,
      GST_RESOURCE_ERROR_OPEN_READ },
  { vatt_error_quark, VATT_ERROR_CONFIG, gst_stream_error_quark,
      GST_STREAM_ERROR_WRONG_TYPE },
  { vatt_error_quark, VATT_ERROR_WEIGHTS, gst_stream_error_quark,
      GST_STREAM_ERROR_WRONG_TYPE },
  { vatt_error_quark, VATT_ERROR_UNSUPPORTED, gst_stream_error_quark,
      GST_STREAM_ERROR_WRONG_TYPE },
  { vatt_error_quark, VATT_ERROR_SHAPE, gst_core_error_quark,
      GST_CORE_ERROR_NEGOTIATION },
  { vatt_error_quark, VATT_ERROR_MEDIA, gst_stream_error_quark,
      GST_STREAM_ERROR_FORMAT },
  { vatt_error_quark, VATT_ERROR_DEVICE, gst_resource_error_quark,
      GST_RESOURCE_ERROR_FAILED },
  { vatt_error_quark, VATT_ERROR_MEMORY, gst_resource_error_quark,
      GST_RESOURCE_ERROR_NO_SPACE_LEFT },
};

typedef struct {
  char *found, *expected; /* owned */
} GstVattMismatchPrivate;

static void
gst_vatt_mismatch_private_init (GstVattMismatchPrivate *self)
{
}

static void
gst_vatt_mismatch_private_copy (
    const GstVattMismatchPrivate *from, GstVattMismatchPrivate *to)
{
  to->found = g_strdup (from->found);
  to->expected = g_strdup (from->expected);
}

static void
gst_vatt_mismatch_private_clear (GstVattMismatchPrivate *self)
{
  g_free (self->found);
  g_free (self->expected);
}

G_DEFINE_EXTENDED_ERROR (GstVattMismatch, gst_vatt_mismatch)

/*
 * gst_vatt_mismatch_set:
 * @error: return location
 * @found: what is sent
 * @expected: what is wanted
 * @format: who sends it and who wants it; both caps are added
 */
void
gst_vatt_mismatch_set (GError **error, const GstCaps *found,
    const GstCaps *expected, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_autofree char *sent = gst_caps_to_string (found);
  g_autofree char *wanted = gst_caps_to_string (expected);
  GError *made = g_error_new (
      GST_VATT_MISMATCH, 0, "%s: found %s, expected %s", what, sent, wanted);
  GstVattMismatchPrivate *details = gst_vatt_mismatch_get_private (made);
  details->found = g_steal_pointer (&sent);
  details->expected = g_steal_pointer (&wanted);
  g_propagate_error (error, made);
}

/* Codes of GStreamer's own domains are passed on as they are. */
static void
classify (const GError *error, GQuark *domain, int *code)
{
  *domain = error->domain;
  *code = error->code;
  for (guint i = 0; i < G_N_ELEMENTS (error_table); i++) {
    const ErrorRow *row = &error_table[i];
    if (row->from () == error->domain &&
        (row->from_code == ANY_CODE || row->from_code == error->code)) {
      *domain = row->domain ();
      *code = row->code;
      return;
    }
  }
  if (*domain != GST_CORE_ERROR && *domain != GST_LIBRARY_ERROR &&
      *domain != GST_RESOURCE_ERROR && *domain != GST_STREAM_ERROR) {
    *domain = GST_LIBRARY_ERROR;
    *code = GST_LIBRARY_ERROR_FAILED;
  }
}

/* What an element was told or has chosen that an error may be about. */
static const char *const telling[] = { "model", "model-id", "device",
  "device-name", "vocabulary", "manifest" };

/* File names need not be UTF-8, fields of a structure must. */
static void
add_text (GstStructure *details, const char *name, const char *text)
{
  g_autofree char *valid = text ? g_utf8_make_valid (text, -1) : NULL;
  if (valid)
    gst_structure_set (details, name, G_TYPE_STRING, valid, NULL);
}

static GstStructure *
make_details (GstElement *element, const GError *error)
{
  GstStructure *details = gst_structure_new_empty ("details");
  GObjectClass *klass = G_OBJECT_GET_CLASS (element);
  for (guint i = 0; i < G_N_ELEMENTS (telling); i++) {
    g_autofree char *text = NULL;
    if (!g_object_class_find_property (klass, telling[i]))
      continue;
    g_object_get (element, telling[i], &text, NULL);
    add_text (details, telling[i], text);
  }
  const GstVattMismatchPrivate *mismatch =
      error->domain == GST_VATT_MISMATCH ? gst_vatt_mismatch_get_private (error)
                                         : NULL;
  if (mismatch) {
    add_text (details, "found", mismatch->found);
    add_text (details, "expected", mismatch->expected);
  }
  if (g_error_matches (error, VATT_ERROR, VATT_ERROR_DEVICE)) {
    g_auto (GStrv) devices = vatt_device_list ();
    g_autofree char *list = g_strjoinv (", ", devices);
    add_text (details, "expected", list);
  }
  return details;
}

static void
post (GstElement *element, GstMessageType type, const GError *error)
{
  GQuark domain;
  int code;
  classify (error, &domain, &code);
  gst_element_message_full_with_details (element, type, domain, code,
      g_strdup (error->message),
      g_strdup_printf (
          "%s, code %d", g_quark_to_string (error->domain), error->code),
      __FILE__, G_STRFUNC, __LINE__, make_details (element, error));
}

/*
 * gst_vatt_error_post:
 * @element: who failed
 * @error: why
 *
 * Posts @error on the bus. Its details are strings: `model`, `model-id`,
 * `device`, `device-name`, `vocabulary` and `manifest` as far as the element
 * has such properties and they are set, `found` and `expected` where caps do
 * not fit, and `expected` alone, the list of devices, for a device. Call
 * without locks held, then return GST_FLOW_ERROR or the failure of the state
 * change.
 */
void
gst_vatt_error_post (GstElement *element, const GError *error)
{
  post (element, GST_MESSAGE_ERROR, error);
}

/* The same as a warning: the element goes on. */
void
gst_vatt_error_post_warning (GstElement *element, const GError *error)
{
  post (element, GST_MESSAGE_WARNING, error);
}
