/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pictures in other memory than the system's: DMABuf is read where it is,
 * GPU memory and tiled layouts end in a negotiation of system memory. */
#include <gst/allocators/gstdmabuf.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WIDTH 32
#define HEIGHT 32
#define FRAME_BYTES (WIDTH * HEIGHT * 3 / 2)
#define FRAMES 33 /* a window of 32 at 12.5 a second, and one behind it */
#define SHAPE ",width=32,height=32,framerate=25/2"

static void
fill (guint8 *bytes, guint number)
{
  for (guint i = 0; i < FRAME_BYTES; i++)
    bytes[i] = (guint8)(i * 7 + number * 5);
}

/* An allocator of DMABuf takes any descriptor that can be mapped. */
static GstMemory *
dma_memory (GstAllocator *allocator, guint number)
{
  int file = memfd_create ("frame", MFD_CLOEXEC);
  g_assert_cmpint (file, >=, 0);
  g_assert_cmpint (ftruncate (file, FRAME_BYTES), ==, 0);
  guint8 *bytes =
      mmap (NULL, FRAME_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  g_assert_true (bytes != MAP_FAILED);
  fill (bytes, number);
  munmap (bytes, FRAME_BYTES);
  return gst_dmabuf_allocator_alloc (allocator, file, FRAME_BYTES);
}

static GstMemory *
system_memory (guint number)
{
  GstMemory *memory = gst_allocator_alloc (NULL, FRAME_BYTES, NULL);
  GstMapInfo map;
  g_assert_true (gst_memory_map (memory, &map, GST_MAP_WRITE));
  fill (map.data, number);
  gst_memory_unmap (memory, &map);
  return memory;
}

/* The first window of frames of these caps; from DMABuf memory or not. */
static GstBuffer *
window_of (const char *caps, gboolean dma)
{
  g_autoptr (GstAllocator) allocator = gst_dmabuf_allocator_new ();
  GstHarness *h = gst_harness_new ("vattvideotok");
  gst_harness_set_src_caps_str (h, caps);
  for (guint i = 0; i < FRAMES; i++) {
    GstBuffer *buffer = gst_buffer_new ();
    gst_buffer_append_memory (
        buffer, dma ? dma_memory (allocator, i) : system_memory (i));
    GST_BUFFER_PTS (buffer) = i * 80 * GST_MSECOND;
    GST_BUFFER_DURATION (buffer) = 80 * GST_MSECOND;
    g_assert_cmpint (gst_harness_push (h, buffer), ==, GST_FLOW_OK);
  }
  GstBuffer *window = gst_harness_pull (h);
  gst_harness_teardown (h);
  return window;
}

static void
assert_equal (GstBuffer *window, GstBuffer *expected)
{
  GstMapInfo map;
  g_assert_true (gst_buffer_map (expected, &map, GST_MAP_READ));
  g_assert_cmpuint (gst_buffer_get_size (window), ==, map.size);
  g_assert_cmpint (gst_buffer_memcmp (window, 0, map.data, map.size), ==, 0);
  gst_buffer_unmap (expected, &map);
}

static void
test_dmabuf (void)
{
  g_autoptr (GstBuffer) expected =
      window_of ("video/x-raw,format=NV12" SHAPE, FALSE);
  g_autoptr (GstBuffer) window =
      window_of ("video/x-raw,format=NV12" SHAPE, TRUE);
  assert_equal (window, expected);
#if GST_CHECK_VERSION(1, 24, 0)
  g_autoptr (GstBuffer) linear = window_of (
      "video/x-raw(memory:DMABuf),format=DMA_DRM,drm-format=NV12" SHAPE, TRUE);
  assert_equal (linear, expected);
#endif
}

static gboolean
accepts (const char *text)
{
  g_autoptr (GstElement) element =
      gst_object_ref_sink (gst_element_factory_make ("vattvideotok", NULL));
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "sink");
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);
  g_assert_nonnull (caps);
  return gst_pad_query_accept_caps (pad, caps);
}

static void
test_refused (void)
{
  g_assert_true (accepts ("video/x-raw,format=NV12" SHAPE));
  g_assert_false (
      accepts ("video/x-raw(memory:VulkanImage),format=NV12" SHAPE));
  g_assert_false (accepts ("video/x-raw(memory:GLMemory),format=RGBA" SHAPE));
  g_assert_false (accepts ("video/x-raw(memory:VAMemory),format=NV12" SHAPE));
  /* A layout that nobody names may be anything. */
  g_assert_false (accepts ("video/x-raw(memory:DMABuf),format=NV12" SHAPE));
  g_assert_false (accepts ("video/x-raw(memory:DMABuf),format=DMA_DRM,"
                           "drm-format=NV12:0x0100000000000002" SHAPE));
}

/* Plays a line to its end; the features of what the tokeniser got. */
static char *
play (const char *line, GError **error)
{
  g_autoptr (GstElement) pipeline =
      gst_parse_launch_full (line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
  if (!pipeline)
    return NULL;
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstElement) tok = gst_bin_get_by_name (GST_BIN (pipeline), "tok");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (tok, "sink");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
      bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  char *features = NULL;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, error, NULL);
  } else {
    g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
    features = gst_caps_features_to_string (gst_caps_get_features (caps, 0));
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return features;
}

#define SOURCE "videotestsrc num-buffers=8 ! "

static void
test_negotiation (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *features =
      play (SOURCE "video/x-raw(memory:VulkanImage);video/x-raw(memory:DMABuf);"
                   "video/x-raw ! vattvideotok name=tok ! fakesink",
          &error);
  g_assert_no_error (error);
  g_assert_cmpstr (features, ==, "memory:SystemMemory");
}

/* Needs gstreamer1.0-plugins-bad and a driver. */
static void
test_vulkan (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElementFactory) upload =
      gst_element_factory_find ("vulkanupload");
  if (!upload) {
    g_test_skip ("there is no vulkanupload (gstreamer1.0-plugins-bad)");
    return;
  }
  g_autofree char *features =
      play (SOURCE "video/x-raw,format=BGRA ! vulkanupload ! vulkandownload ! "
                   "vattvideotok name=tok ! fakesink",
          &error);
  g_assert_no_error (error);
  g_assert_cmpstr (features, ==, "memory:SystemMemory");
  g_assert_null (play (SOURCE "video/x-raw,format=BGRA ! vulkanupload ! "
                              "vattvideotok name=tok ! fakesink",
      &error));
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gpumemory/dmabuf", test_dmabuf);
  g_test_add_func ("/gpumemory/refused", test_refused);
  g_test_add_func ("/gpumemory/negotiation", test_negotiation);
  g_test_add_func ("/gpumemory/vulkan", test_vulkan);
  return g_test_run ();
}
