/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the tokenisers allocate: nothing for a frame, once the first windows
 * have shown how much is needed, and a few small things for a window. */
#include <gst/gst.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* ---- counting: this thread's, while switched on ---- */

static __thread guint counting;
static __thread guint allocations;

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
static const char *const cannot_count =
    "sanitizers have an allocator of their own";
#elif defined __GLIBC__
static const char *const cannot_count = NULL;

void *__libc_malloc (size_t size);
void *__libc_calloc (size_t n, size_t size);
void *__libc_realloc (void *memory, size_t size);
void *__libc_memalign (size_t alignment, size_t size);

void *
malloc (size_t size)
{
  allocations += counting;
  return __libc_malloc (size);
}

void *
calloc (size_t n, size_t size)
{
  allocations += counting;
  return __libc_calloc (n, size);
}

/* GstVideoConverter brings its list of tasks to the length it has, for every
 * picture: that is no allocation. */
void *
realloc (void *memory, size_t size)
{
  if (!memory || malloc_usable_size (memory) < size)
    allocations += counting;
  return __libc_realloc (memory, size);
}

void *
aligned_alloc (size_t alignment, size_t size)
{
  allocations += counting;
  return __libc_memalign (alignment, size);
}

int
posix_memalign (void **memory, size_t alignment, size_t size)
{
  allocations += counting;
  *memory = __libc_memalign (alignment, size);
  return *memory ? 0 : 12; /* ENOMEM */
}
#else
static const char *const cannot_count = "another C library than glibc";
#endif

/* ---- a tokeniser between two pads of ours ---- */

typedef struct {
  const char *element, *settings, *caps;
  gsize size; /* of a buffer */
  GstClockTime duration;
} Stream;

static guint windows;

static GstFlowReturn
take_window (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  windows++;
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

static GstPad *
start (GstElement *tokeniser, GstPad *sink, const char *caps_text)
{
  GstPad *source = gst_pad_new ("source", GST_PAD_SRC);
  g_autoptr (GstPad) in = gst_element_get_static_pad (tokeniser, "sink");
  g_autoptr (GstPad) out = gst_element_get_static_pad (tokeniser, "src");
  gst_pad_set_chain_function (sink, take_window);
  g_assert_cmpint (gst_pad_link (source, in), ==, GST_PAD_LINK_OK);
  g_assert_cmpint (gst_pad_link (out, sink), ==, GST_PAD_LINK_OK);
  gst_pad_set_active (sink, TRUE);
  gst_element_set_state (tokeniser, GST_STATE_PLAYING);
  gst_pad_set_active (source, TRUE);
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_text);
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_assert_true (
      gst_pad_push_event (source, gst_event_new_stream_start ("stream")));
  g_assert_true (gst_pad_push_event (source, gst_event_new_caps (caps)));
  g_assert_true (gst_pad_push_event (source, gst_event_new_segment (&segment)));
  return source;
}

static void
stop (GstElement *tokeniser, GstPad *source, GstPad *sink)
{
  gst_pad_set_active (source, FALSE);
  gst_element_set_state (tokeniser, GST_STATE_NULL);
  gst_pad_set_active (sink, FALSE);
  gst_object_unref (source);
  gst_object_unref (sink);
  gst_object_unref (tokeniser);
}

/* @n buffers of zeros that share their memory, one after the other. */
static GstBuffer **
make_buffers (const Stream *stream, guint n)
{
  GstBuffer **buffers = g_new (GstBuffer *, n);
  GstMemory *memory = gst_allocator_alloc (NULL, stream->size, NULL);
  GstMapInfo map;
  g_assert_true (gst_memory_map (memory, &map, GST_MAP_WRITE));
  memset (map.data, 0, map.size);
  gst_memory_unmap (memory, &map);
  for (guint i = 0; i < n; i++) {
    buffers[i] = gst_buffer_new ();
    gst_buffer_append_memory (buffers[i], gst_memory_ref (memory));
    GST_BUFFER_PTS (buffers[i]) = i * stream->duration;
    GST_BUFFER_DURATION (buffers[i]) = stream->duration;
  }
  gst_memory_unref (memory);
  return buffers;
}

static void
run_stream (const Stream *stream)
{
  enum { N_WINDOWS = 8, WARM_UP = 3 };
  guint n = (guint)(N_WINDOWS * 2560 * GST_MSECOND / stream->duration);
  GstElement *tokeniser = gst_element_factory_make (stream->element, NULL);
  g_assert_nonnull (tokeniser);
  gst_object_ref_sink (tokeniser);
  if (stream->settings)
    gst_util_set_object_arg (G_OBJECT (tokeniser), "hop", stream->settings);
  GstPad *sink = gst_pad_new ("sink", GST_PAD_SINK);
  GstPad *source = start (tokeniser, sink, stream->caps);
  g_autofree GstBuffer **buffers = make_buffers (stream, n);
  guint frames = 0, for_windows = 0, sent = 0;
  windows = 0;
  for (guint i = 0; i < n; i++) {
    guint before = windows;
    allocations = 0;
    counting = 1;
    GstFlowReturn flow = gst_pad_push (source, buffers[i]);
    counting = 0;
    g_assert_cmpint (flow, ==, GST_FLOW_OK);
    if (windows < WARM_UP)
      continue;
    if (windows == before) {
      g_assert_cmpuint (allocations, ==, 0);
      frames++;
    } else if (before >= WARM_UP) {
      for_windows += allocations;
      sent += windows - before;
    }
  }
  g_assert_cmpuint (frames, >, 100);
  g_assert_cmpuint (sent, >=, N_WINDOWS - WARM_UP - 1);
  g_test_message (
      "%s: %u allocations for %u windows", stream->caps, for_windows, sent);
  /* A buffer, its memory, its meta and what makes it come back. */
  g_assert_cmpuint (for_windows, <=, 4 * sent);
  g_assert_cmpuint (for_windows, >, 0);
  stop (tokeniser, source, sink);
}

static void
test_frames (void)
{
  static const Stream streams[] = {
    { "vattvideotok", NULL,
        "video/x-raw,format=I420,width=320,height=240,framerate=25/1",
        320 * 240 * 3 / 2, 40 * GST_MSECOND },
    { "vattvideotok", "640000000",
        "video/x-raw,format=RGB,width=64,height=64,framerate=50/1", 64 * 64 * 3,
        20 * GST_MSECOND },
    { "vattaudiotok", NULL,
        "audio/x-raw,format=F32LE,layout=interleaved,channels=1,rate=16000",
        160 * 4, 10 * GST_MSECOND },
    { "vattaudiotok", "640000000",
        "audio/x-raw,format=S16LE,layout=interleaved,channels=2,rate=48000,"
        "channel-mask=(bitmask)3",
        480 * 4, 10 * GST_MSECOND },
    { "vattaudiotok", NULL,
        "audio/x-raw,format=S16LE,layout=interleaved,channels=1,rate=44100",
        441 * 2, 10 * GST_MSECOND },
  };
  if (cannot_count) {
    g_test_skip (cannot_count);
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    run_stream (&streams[i]);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/allocations/frames", test_frames);
  int failures = g_test_run ();
  gst_deinit ();
  return failures;
}
