/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Streams whose data say what they are: a picture's grey is its number, a
 * sample's value is its. Video is the shipped model's, 32 pictures at 12.5 a
 * second; sound is a plain waveform. */
#pragma once

#include <gst/check/gstharness.h>
#include <gst/gst.h>

#define SPAN (2560 * GST_MSECOND)
#define INSTANT (80 * GST_MSECOND)
#define PICTURES 32
#define RATE 16000
#define SAMPLES 40960u /* of a window */

GstHarness *video_new (const char *settings);
GstBuffer *picture (guint number, GstClockTime time, GstClockTime duration);
void push_picture (
    GstHarness *h, guint number, GstClockTime time, GstClockTime duration);
guint8 grey_of (GstBuffer *buffer, guint index);
GstClockTime gap_of (GstBuffer *buffer);
GstHarness *wave_new (const char *settings, guint rate);
GstBuffer *numbers (guint64 first, guint count);
void push_numbers (GstHarness *h, guint64 first, guint64 count);
float sample_of (GstBuffer *buffer, guint index);
