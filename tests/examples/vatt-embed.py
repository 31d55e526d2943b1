#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vatt embed: rows, files, failures. Usage: vatt-embed.py VATT
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import media  # noqa: E402

vatt = os.path.abspath(sys.argv[1])


def embed(*words, status=0):
    result = subprocess.run([vatt, "embed", *words], text=True, timeout=60,
                            capture_output=True)
    assert result.returncode == status, (words, result)
    return result


def table(text):
    return [line.split("\t") for line in text.splitlines()]


def read_safetensors(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8:8 + size]), data[8 + size:]


def check_rows():
    rows = table(embed("tiny", "clip.mp4", "clip.vtt", "sound.wav",
                       "--hop", "0.4").stdout)
    assert all(len(row) == 4 + 128 for row in rows)
    order = [tuple(row[:2]) for row in rows]
    assert list(dict.fromkeys(order)) == [
        ("clip.mp4", "video"), ("clip.mp4", "audio"), ("clip.vtt", "text"),
        ("sound.wav", "audio")], order
    video = [row for row in rows if row[1] == "video"]
    assert [row[2:4] for row in video[:2]] == [
        ["0.000", "2.560"], ["0.400", "2.960"]], video
    text = [row for row in rows if row[1] == "text"]
    assert [row[2:4] for row in text] == [
        ["0.000", "1.000"], ["1.500", "2.500"]], text
    # What it computes does not follow from when it is asked or by whom.
    again = table(embed("tiny", "clip.mp4", "--hop", "0.4", "--threads", "1",
                        "-m", "video").stdout)
    for row, other in zip(video, again):
        for a, b in zip(row[4:], other[4:]):
            assert abs(float(a) - float(b)) <= 1e-4 + 1e-4 * abs(float(b))
    assert len(video) == len(again)


def check_files(folder):
    embed("tiny", "clip.mp4", "clip.vtt", "-o", "out.tsv")
    rows = table((folder / "out.tsv").read_text())
    assert embed("tiny", "clip.mp4", "clip.vtt").stdout \
        == (folder / "out.tsv").read_text()

    embed("tiny", "clip.mp4", "clip.vtt", "-o", "out.safetensors")
    header, data = read_safetensors(folder / "out.safetensors")
    assert header["__metadata__"]["vatt.space"] == "none"
    first = header["clip.mp4/video"]
    number = struct.unpack_from("<f", data, first["data_offsets"][0])[0]
    assert struct.pack("<f", number) == struct.pack("<f", float(rows[0][4]))
    start = header["clip.vtt/text.start"]
    assert start["dtype"] == "F64" and start["shape"] == [2]
    assert struct.unpack_from("<2d", data, start["data_offsets"][0]) \
        == (0.0, 1.5)

    embed("tiny", "clip.mp4", "--space", "va", "-o", "out.npy")
    os.symlink("clip.mp4", "http:clip.mp4")
    assert embed("tiny", "http:clip.mp4", "-m", "video").stdout
    array = (folder / "out.npy").read_bytes()
    assert array[:6] == b"\x93NUMPY"
    length = struct.unpack("<H", array[8:10])[0]
    assert (len(array) - 10 - length) % (4 * 128) == 0


def check_failures(folder):
    (folder / "broken.mp4").write_bytes(os.urandom(5000))
    result = embed("tiny", "broken.mp4", "clip.mp4", "absent.mp4", status=1)
    lines = result.stderr.splitlines()
    assert len(lines) == 2, lines
    assert "broken.mp4" in lines[0] and "absent.mp4" in lines[1], lines
    assert {row[0] for row in table(result.stdout)} == {"clip.mp4"}
    assert not embed("tiny", "absent.mp4", "-o", "none.tsv", status=1).stdout
    assert not (folder / "none.tsv").exists()
    result = embed("tiny", "clip.vtt", "--space", "va", status=1)
    assert "text is left out" in result.stderr, result
    assert len(embed("no-model", "clip.mp4", status=1).stderr.splitlines()) == 1
    with open("/dev/full", "w") as full:
        assert subprocess.run([vatt, "embed", "tiny", "clip.vtt"], stdout=full,
                              stderr=subprocess.PIPE).returncode == 1
    for words in (["tiny"], ["tiny", "clip.mp4", "-o", "out.txt"],
                  ["tiny", "clip.mp4", "--space", "x"],
                  ["tiny", "clip.mp4", "--hop", "-1"],
                  ["tiny", "clip.mp4", "--modality", "smell"]):
        assert "Usage" in embed(*words, status=2).stderr


with tempfile.TemporaryDirectory() as name:
    os.chdir(name)
    where = pathlib.Path(name)
    media.make_clip(where)
    media.make_captions(where)
    media.make_sound(where)
    check_rows()
    check_files(where)
    check_failures(where)
print("rows, files and failures are as they should be")
