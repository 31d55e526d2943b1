#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The examples linear-probe.py and live-labels: what the one teaches, the other
# sees, in pictures that come as fast as they can and in live ones.
# Usage: live-labels.py PROGRAM PROBE MODELS
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import gi_python  # noqa: E402

program, probe, models = sys.argv[1:]
tiny = f"{models}/tiny.safetensors"
PATTERNS = ["smpte", "snow", "ball", "checkers-8"]
SECONDS = 5
# One pattern after the other, 25 pictures a second.
FILE = " ".join(
    f"videotestsrc pattern={pattern} num-buffers={25 * SECONDS} "
    "! video/x-raw,width=160,height=120,framerate=25/1 ! c."
    for pattern in PATTERNS) + " concat name=c"
LIVE = ("videotestsrc is-live=true pattern=ball num-buffers=125 "
        "! video/x-raw,width=160,height=120,framerate=25/1")


def run(*words, status=0):
    result = subprocess.run([*map(str, words)], text=True, timeout=120,
                            capture_output=True)
    assert result.returncode == status, result
    return result


def labels(text):
    """(start, end, label) of every window."""
    rows = [re.match(r" *([\d.]+) to ([\d.]+) s: (\S+), \d+ %$", line)
            for line in text.splitlines()]
    assert rows and all(rows), text
    return [(float(row[1]), float(row[2]), row[3]) for row in rows]


def check_failures(folder):
    for model in tiny, folder / "absent":
        result = run(program, model, FILE, "fakesink", status=1)
        lines = result.stderr.splitlines()
        assert len(lines) == 1 and lines[0].startswith("live-labels: "), lines
    assert run(program, status=2).stderr
    python = gi_python.find()
    for words in (["x=no-such-element"], ["x=" + tiny]):
        result = run(python, "-B", probe, tiny, folder / "out", *words,
                     status=1)
        assert len(result.stderr.splitlines()) == 1, result
    assert not (folder / "out").exists()


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    patterns = folder / "patterns.safetensors"
    run(gi_python.find(), "-B", probe, tiny, patterns)

    seen = labels(run(program, patterns, FILE, "fakesink").stdout)
    whole = [(int(start / SECONDS), label) for start, end, label in seen
             if int(start / SECONDS) == int((end - 0.01) / SECONDS)]
    right = [number for number, label in whole if label == PATTERNS[number]]
    assert set(right) == set(range(len(PATTERNS))), seen
    assert len(whole) >= 16 and len(right) >= 0.9 * len(whole), seen

    seen = labels(run(program, patterns, LIVE, "fakesink sync=true").stdout)
    assert len(seen) >= 3, seen
    assert {label for _, _, label in seen} == {"ball"}, seen

    check_failures(folder)
print("patterns are recognised")
