/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Captions of a film, from WebVTT and SubRip files.
 *
 * |[<!-- language="C" -->
 * g_autoptr (VattCaptions) captions = vatt_captions_read ("film.srt", &error);
 * if (captions == NULL)
 *   return FALSE;
 * for (guint i = 0; i < vatt_captions_get_n (captions); i++)
 *   puts (vatt_captions_get (captions, i)->text);
 * ]| */
#pragma once

#include <vatt/error.h>
#include <glib-object.h>

G_BEGIN_DECLS

/**
 * VattCaption:
 * @start: when it appears, ns
 * @end: when it goes, ns, behind @start
 * @text: what it says, plain UTF-8, lines separated by line feeds
 *
 * One caption. Its text is that of the #VattCaptions.
 */
typedef struct {
  guint64 start;
  guint64 end;
  const char *text;
} VattCaption;

/**
 * VattCaptions:
 *
 * Captions in the order of their starts. Never change after creation.
 */
typedef struct _VattCaptions VattCaptions;

#define VATT_TYPE_CAPTIONS (vatt_captions_get_type ())
VATT_API GType vatt_captions_get_type (void);

/**
 * vatt_captions_read:
 * @path: (type filename): a WebVTT or SubRip file, of at most 16 MiB
 * @error: return location for a #GError: %VATT_ERROR_MEDIA, #GFileError
 *
 * Reads captions, as tolerant as players are: see
 * vatt_captions_new_from_data().
 *
 * Returns: (transfer full) (nullable): captions, or %NULL with @error set
 */
VATT_API VattCaptions *vatt_captions_read (const char *path, GError **error);

/**
 * vatt_captions_new_from_data:
 * @data: (array length=length) (element-type guint8): the text of a file
 * @length: bytes in @data, at most 16 MiB
 * @error: return location for a #GError: %VATT_ERROR_MEDIA
 *
 * The same of text that has been read. A caption is a line with two times and
 * an arrow between and the lines up to the next empty one or the next such
 * line. Hours may be missing, the fraction may have any digits and begin with
 * a point or a comma; any line end goes. Marks are left out: what stands in
 * angle brackets, {\an8} and the like. Character entities are resolved. What
 * has no text, or ends before it begins, is left out, and so are notes, styles
 * and anything else. Bytes that are not UTF-8 become U+FFFD. At most 100000
 * captions.
 *
 * Returns: (transfer full) (nullable): captions, none for a WebVTT file without
 *   any, or %NULL with @error set where the data are no captions at all
 */
VATT_API VattCaptions *vatt_captions_new_from_data (
    const char *data, gsize length, GError **error);

/**
 * vatt_captions_get_n:
 * @captions: captions
 *
 * Returns: how many there are
 */
VATT_API guint vatt_captions_get_n (const VattCaptions *captions);

/**
 * vatt_captions_get:
 * @captions: captions
 * @index: which one
 *
 * Returns: (transfer none): the caption
 */
VATT_API const VattCaption *vatt_captions_get (
    const VattCaptions *captions, guint index);

/**
 * vatt_captions_ref:
 * @captions: captions
 *
 * Returns: (transfer full): @captions, with one more reference
 */
VATT_API VattCaptions *vatt_captions_ref (VattCaptions *captions);

/**
 * vatt_captions_free:
 * @captions: (transfer full) (nullable): captions
 *
 * Releases a reference; the last one frees @captions.
 */
VATT_API void vatt_captions_free (VattCaptions *captions);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattCaptions, vatt_captions_free)

G_END_DECLS
