/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One failure, one element error: the library says what, found and expected;
 * this table adds the GStreamer domain and code. */
#include "gstvatterror.h"

#include <gio/gio.h>

typedef GQuark (*DomainFunc) (void);

typedef struct {
  DomainFunc from;   /* domain of the GError */
  int from_code;     /* its code; ANY_CODE for the rest of the domain */
  DomainFunc domain; /* domain of the element error */
  int code;
} ErrorRow;

#define ANY_CODE (-1)

static const ErrorRow error_table[] = {
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

static void
post (GstElement *element, GstMessageType type, const GError *error)
{
  GQuark domain;
  int code;
  classify (error, &domain, &code);
  gst_element_message_full (element, type, domain, code,
      g_strdup (error->message),
      g_strdup_printf (
          "%s, code %d", g_quark_to_string (error->domain), error->code),
      __FILE__, G_STRFUNC, __LINE__);
}

/*
 * gst_vatt_error_post:
 * @element: who failed
 * @error: why
 *
 * Posts @error on the bus. Call without locks held, then return
 * GST_FLOW_ERROR or the failure of the state change.
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
