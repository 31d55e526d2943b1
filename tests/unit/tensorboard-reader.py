#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Whether TensorBoard's own reader and the csv module read what write-events
# logged: a training that was killed, resumed, killed and resumed again.
# Usage: tensorboard-reader.py WRITE-EVENTS
import csv
import os
import signal
import struct
import subprocess
import sys
import tempfile
import zlib

try:
    from tensorboard.backend.event_processing import io_wrapper
    from tensorboard.backend.event_processing import plugin_event_accumulator
    from tensorboard.util import tensor_util
except ImportError as error:
    print(f"SKIP: TensorBoard's reader did not read the event files: {error}")
    sys.exit(77)


def chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data +
            struct.pack(">I", zlib.crc32(kind + data)))


# Two rows of three pixels, grey.
PNG = (b"\x89PNG\r\n\x1a\n" +
       chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 2, 8, 0, 0, 0, 0)) +
       chunk(b"IDAT", zlib.compress(b"\0\1\2\3\0\4\5\6")) + chunk(b"IEND", b""))
STARTS = [1, 7, 5]  # first steps; each session logs ten
LAST = STARTS[-1] + 9
EXPECTED = [(step, step / 8, 1 if step < 5 else 5)
            for step in range(1, LAST + 1)]


def load(folder):
    """What the server of TensorBoard keeps: tensors of every kind of summary."""
    accumulator = plugin_event_accumulator.EventAccumulator(
        folder, size_guidance={plugin_event_accumulator.TENSORS: 0})
    accumulator.Reload()
    return accumulator


def tensors(events, tag, plugin):
    metadata = events.SummaryMetadata(tag)
    assert metadata.plugin_data.plugin_name == plugin, metadata
    return [(event.step, tensor_util.make_ndarray(event.tensor_proto).tolist())
            for event in events.Tensors(tag)]


with tempfile.TemporaryDirectory() as folder:
    picture = os.path.join(folder, "picture")
    run = os.path.join(folder, "run")
    with open(picture, "wb") as file:
        file.write(PNG)
    for start in STARTS:
        status = subprocess.run([sys.argv[1], run, picture, str(start)])
        assert status.returncode == -signal.SIGKILL, status

    paths = sorted(path for path in io_wrapper.ListDirectoryAbsolute(run)
                   if io_wrapper.IsSummaryEventsFile(path))
    assert len(paths) == len(STARTS), paths

    # The last record is torn: its first bytes are those of the first.
    with open(paths[-1], "r+b") as file:
        head = file.read(30)
        file.seek(0, os.SEEK_END)
        file.write(head)

    events = load(run)
    assert events.file_version == 2.0, events.file_version
    losses = tensors(events, "loss", "scalars")
    rates = tensors(events, "rate/ü", "scalars")
    assert losses == [(step, loss) for step, loss, _ in EXPECTED], losses
    assert rates == [(step, rate) for step, _, rate in EXPECTED], rates
    assert all(abs(event.wall_time - os.stat(run).st_mtime) < 100
               for event in events.Tensors("loss"))

    notes = tensors(events, "note", "text")
    note = "**bold** ü".encode()
    assert notes == [(1, note), (5, note)], notes
    pictures = tensors(events, "picture", "images")
    picture = [b"3", b"2", PNG]
    assert pictures == [(1, picture), (5, picture)], pictures

    with open(os.path.join(run, "scalars.csv"), newline="",
              encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(int(row["step"]), float(row["loss"]), float(row["rate/ü"]))
            for row in rows] == EXPECTED, rows
print("TensorBoard and the csv module read the same")
