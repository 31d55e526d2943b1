#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The example two-streams. Usage: two-streams.py PROGRAM
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import media  # noqa: E402


def run(*words, status=0):
    result = subprocess.run([sys.argv[1], *map(str, words)], text=True,
                            timeout=60, capture_output=True)
    assert result.returncode == status, result
    return result


def alike(text):
    rows = [re.match(r" *([\d.]+) s  alike +(-?[\d.]+)  \(both by tiny-", line)
            for line in text.splitlines()]
    assert rows and all(rows), text
    return [float(row[1]) for row in rows], [float(row[2]) for row in rows]


# 8.3 s, a window of 2.56 s every 0.4 s.
times, values = alike(run().stdout)
assert len(times) >= 14, times
assert all(abs(b - a - 0.4) < 0.011 for a, b in zip(times, times[1:])), times
assert max(values) < 0.9999, values

with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    # A name that a launch line could stumble over.
    clip = folder / "a \"clip\" ! 'x'.mp4"
    media.make_clip(folder)
    (folder / "clip.mp4").rename(clip)
    times, values = alike(run(clip, clip).stdout)
    assert len(times) >= 2 and min(values) > 0.9999, values
    result = run(clip, folder / "absent.mp4", status=1)
    assert len(result.stderr.splitlines()) == 1 and not result.stdout, result
run("one", status=2)
print("the same file is like itself, other pictures are not")
