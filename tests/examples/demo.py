#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The demo on clips with and without sound. Usage: demo.py DEMO
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

sys.dont_write_bytecode = True
import media  # noqa: E402

demo = sys.argv[1]


def run(*words):
    return subprocess.run([demo, *map(str, words)], text=True, timeout=60,
                          capture_output=True)


def panels(path):
    svg = xml.etree.ElementTree.parse(path).getroot()
    return [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")
            if text.get("class") == "h"]


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    media.make_clip(folder, "both.mkv")
    media.make_silent_clip(folder, "silent.mkv")
    media.make_captions(folder)

    result = run(folder / "both.mkv", folder)
    assert result.returncode == 0, result.stderr
    assert "untrained" in result.stdout
    assert "video to audio" in result.stdout
    rows = [line.split("\t") for line in
            (folder / "both.tsv").read_text().splitlines()]
    # 3 s, a window every 0.4 s; the last ones are filled up.
    for modality in "video", "audio":
        starts = [float(row[2]) for row in rows if row[1] == modality]
        assert len(starts) >= 2, rows
        assert all(abs(b - a - 0.4) < 1e-3
                   for a, b in zip(starts, starts[1:])), starts
    assert all(len(row) == 4 + 128 for row in rows)
    assert panels(folder / "both.svg") == [
        "picture with picture", "sound with sound", "picture with sound"]

    result = run(folder / "silent.mkv", folder)
    assert result.returncode == 0, result.stderr
    assert panels(folder / "silent.svg") == ["picture with picture"]

    for words in [folder / "absent.mkv", folder], [folder / "clip.vtt", folder]:
        result = run(*words)
        assert result.returncode == 1 and result.stderr, result
    assert run().returncode == 2
print("the demo does as it says")
