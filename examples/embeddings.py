#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# embeddings.py FILE [ROWS.npy]: the embeddings of a media file's pictures as a
# numpy array, pulled from an appsink, and how alike each window is to the one
# before. Other programs import rows_of().
#
#   meson devenv -C build /usr/bin/python3 $PWD/examples/embeddings.py clip.mp4
import sys

import gi
import numpy

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
from gi.repository import GLib, Gst, GstApp  # noqa: E402, F401

Gst.init(None)


def source_of(path):
    """What decodes a file, as a piece of a launch line."""
    return f'uridecodebin uri="{Gst.filename_to_uri(path)}" caps=video/x-raw'


def samples_of(sink, bus):
    """What an appsink receives until the end of the stream."""
    while True:
        sample = sink.try_pull_sample(Gst.SECOND // 10)
        message = bus.pop_filtered(Gst.MessageType.ERROR)
        if message:
            raise message.parse_error()[0]
        if sample:
            yield sample
        elif sink.is_eos():
            return


def rows_of(source, hop=400000000, model=None):
    """Times in seconds, and the embeddings as an array (windows, numbers)."""
    pipeline = Gst.parse_launch(
        f"{source} ! queue ! vattvideotok hop={hop} ! vattencoder name=encoder"
        " ! application/x-vatt-embedding ! appsink name=sink sync=false")
    pipeline.get_by_name("encoder").props.model = model
    times, rows = [], []
    pipeline.set_state(Gst.State.PLAYING)
    try:
        sink = pipeline.get_by_name("sink")
        for sample in samples_of(sink, pipeline.get_bus()):
            buffer = sample.get_buffer()
            data = buffer.extract_dup(0, buffer.get_size())
            times.append(buffer.pts / Gst.SECOND)
            rows.append(numpy.frombuffer(data, numpy.float32))
    finally:
        pipeline.set_state(Gst.State.NULL)
    return times, numpy.array(rows)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: embeddings.py FILE [ROWS.npy]")
    times, rows = rows_of(source_of(sys.argv[1]))
    length = numpy.linalg.norm(rows, axis=1)
    print(f"{len(rows)} windows, {rows.dtype} {rows.shape}")
    for i in range(1, len(rows)):
        alike = rows[i] @ rows[i - 1] / (length[i] * length[i - 1])
        print(f"{times[i]:7.2f} s  norm {length[i]:8.4f}  alike {alike:7.4f}")
    if len(sys.argv) == 3:
        numpy.save(sys.argv[2], rows)


if __name__ == "__main__":
    try:
        main()
    except GLib.Error as error:
        sys.exit(f"embeddings.py: {error.message}")
