/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sound files by libsndfile and libsamplerate, block by block: memory is the
 * result and one block, whatever the file claims. */
#include <vatt/audio.h>

#include "regularfile.h"
#include "size.h"

#include <math.h>
#include <samplerate.h>
#include <sndfile.h>
#include <unistd.h>

#define BLOCK 4096 /* frames read at a time */

typedef struct {
  const char *path;
  int fd;              /* -1 if not open */
  SNDFILE *file;       /* NULL if not open */
  SF_INFO info;        /* what the file claims; frames is not trusted */
  SRC_STATE *resample; /* NULL where the rate is right already */
  double ratio;        /* samples out per sample in */
  float *interleaved;  /* (BLOCK, channels) */
  float mono[BLOCK];
  guint64 n_read; /* frames read so far */
  float *samples; /* the result */
  gsize n_samples, capacity;
} Reader;

static void
reader_clear (Reader *reader)
{
  if (reader->resample != NULL)
    src_delete (reader->resample);
  if (reader->file != NULL)
    sf_close (reader->file);
  if (reader->fd >= 0)
    close (reader->fd);
  g_free (reader->interleaved);
  g_free (reader->samples);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reader, reader_clear)

static gboolean
unusable (const Reader *reader, const char *reason, GError **error)
{
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA, "audio '%s': %s",
      reader->path, reason);
  return FALSE;
}

static gboolean
reader_open (Reader *reader, guint rate, GError **error)
{
  guint64 size;
  reader->fd = vatt_regular_file_open ("audio", reader->path, &size, error);
  if (reader->fd < 0)
    return FALSE;
  reader->file = sf_open_fd (reader->fd, SFM_READ, &reader->info, SF_FALSE);
  if (reader->file == NULL)
    return unusable (reader, sf_strerror (NULL), error);
  if (reader->info.samplerate <= 0 || reader->info.channels <= 0)
    return unusable (reader, "claims no sample rate or no channels", error);

  gsize n_floats, n_bytes;
  if (!vatt_size_multiply (BLOCK, (gsize)reader->info.channels, &n_floats) ||
      !vatt_size_multiply (n_floats, sizeof (float), &n_bytes) ||
      (reader->interleaved = g_try_malloc (n_bytes)) == NULL) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "audio '%s': no memory for %d channels", reader->path,
        reader->info.channels);
    return FALSE;
  }
  if ((guint)reader->info.samplerate == rate)
    return TRUE;

  reader->ratio = (double)rate / reader->info.samplerate;
  if (!src_is_valid_ratio (reader->ratio)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
        "audio '%s': has %d samples per second, which cannot become %u",
        reader->path, reader->info.samplerate, rate);
    return FALSE;
  }
  int code;
  reader->resample = src_new (SRC_SINC_MEDIUM_QUALITY, 1, &code);
  return reader->resample != NULL ||
         unusable (reader, src_strerror (code), error);
}

/* Reads a block into mono; *n_frames is 0 at the end. */
static gboolean
reader_fill (Reader *reader, gsize *n_frames, GError **error)
{
  gsize channels = (gsize)reader->info.channels;
  sf_count_t n = sf_readf_float (reader->file, reader->interleaved, BLOCK);
  if (n < 0 || (n == 0 && sf_error (reader->file) != SF_ERR_NO_ERROR))
    return unusable (reader, sf_strerror (reader->file), error);

  for (gsize i = 0; i < (gsize)n; i++) {
    double sum = 0;
    for (gsize c = 0; c < channels; c++)
      sum += (double)reader->interleaved[i * channels + c];
    reader->mono[i] = (float)(sum / (double)channels);
    if (!isfinite (reader->mono[i])) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
          "audio '%s': sample %" G_GUINT64_FORMAT " is not a finite number",
          reader->path, reader->n_read + i);
      return FALSE;
    }
  }
  reader->n_read += (guint64)n;
  *n_frames = (gsize)n;
  return TRUE;
}

/* Makes room for n more samples. */
static gboolean
reader_reserve (Reader *reader, gsize n, GError **error)
{
  gsize needed, bytes;
  if (vatt_size_add (reader->n_samples, n, &needed)) {
    if (needed <= reader->capacity)
      return TRUE;
    gsize capacity = MAX (needed, reader->capacity + reader->capacity / 2);
    if (vatt_size_multiply (capacity, sizeof (float), &bytes)) {
      float *samples = g_try_realloc (reader->samples, bytes);
      if (samples != NULL) {
        reader->samples = samples;
        reader->capacity = capacity;
        return TRUE;
      }
    }
  }
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
      "audio '%s': no memory for more than %zu samples", reader->path,
      reader->n_samples);
  return FALSE;
}

static gboolean
reader_append (Reader *reader, const float *samples, gsize n, GError **error)
{
  if (!reader_reserve (reader, n, error))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    reader->samples[reader->n_samples++] = CLAMP (samples[i], -1.0f, 1.0f);
  return TRUE;
}

/* Appends the n frames of mono at the new rate; with none, what the filter
 * still holds. */
static gboolean
reader_resample (Reader *reader, gsize n, GError **error)
{
  float out[BLOCK];
  SRC_DATA data = { .data_in = reader->mono,
    .input_frames = (long)n,
    .data_out = out,
    .output_frames = BLOCK,
    .end_of_input = n == 0,
    .src_ratio = reader->ratio };
  do {
    int code = src_process (reader->resample, &data);
    if (code != 0)
      return unusable (reader, src_strerror (code), error);
    data.data_in += data.input_frames_used;
    data.input_frames -= data.input_frames_used;
    if (!reader_append (reader, out, (gsize)data.output_frames_gen, error))
      return FALSE;
  } while (data.input_frames > 0 || data.output_frames_gen > 0);
  return TRUE;
}

float *
vatt_audio_read (const char *path, guint rate, gsize *n_samples, GError **error)
{
  g_return_val_if_fail (path != NULL && n_samples != NULL, NULL);
  g_return_val_if_fail (rate > 0, NULL);

  g_auto (Reader) reader = { .path = path, .fd = -1 };
  gsize n;
  *n_samples = 0;
  if (!reader_open (&reader, rate, error) ||
      !reader_reserve (&reader, 1, error))
    return NULL;
  do {
    if (!reader_fill (&reader, &n, error))
      return NULL;
    gboolean done = reader.resample != NULL
                        ? reader_resample (&reader, n, error)
                        : reader_append (&reader, reader.mono, n, error);
    if (!done)
      return NULL;
  } while (n > 0);
  *n_samples = reader.n_samples;
  return g_steal_pointer (&reader.samples);
}
