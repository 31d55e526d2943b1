#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The example embeddings.py: the array it saves is what vatt embed writes.
# Usage: embeddings.py EXAMPLE VATT
import pathlib
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import gi_python  # noqa: E402
import media  # noqa: E402

example, vatt = sys.argv[1:]
python = gi_python.find()


def run(*words, status=0):
    result = subprocess.run([python, "-B", example, *map(str, words)],
                            text=True, timeout=60, capture_output=True)
    assert result.returncode == status, result
    return result


def read_npy(path):
    """The numbers of a NumPy file of floats, row after row."""
    data = path.read_bytes()
    start = 10 + struct.unpack("<H", data[8:10])[0]
    assert data[:6] == b"\x93NUMPY" and b"'<f4'" in data[:start]
    return struct.unpack(f"<{(len(data) - start) // 4}f", data[start:])


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    media.make_clip(folder)
    output = run(folder / "clip.mp4", folder / "rows.npy").stdout
    found = read_npy(folder / "rows.npy")
    subprocess.run([vatt, "embed", "tiny", folder / "clip.mp4", "-m", "video",
                    "--hop", "0.4", "-o", folder / "wanted.npy"], check=True,
                   timeout=60)
    wanted = read_npy(folder / "wanted.npy")
    assert len(found) == len(wanted) and len(found) % 128 == 0, output
    # Products of matrices may differ in their last digits.
    assert all(abs(a - b) <= 1e-4 + 1e-4 * abs(b)
               for a, b in zip(found, wanted))
    windows = len(found) // 128
    lines = output.splitlines()
    assert windows >= 2 and lines[0] == \
        f"{windows} windows, float32 ({windows}, 128)", output
    assert len(lines) == windows and lines[1].startswith("   0.40 s"), output

    (folder / "broken.mp4").write_bytes(b"no pictures" * 100)
    for words in [folder / "absent.mp4"], [folder / "broken.mp4"]:
        result = run(*words, status=1)
        assert len(result.stderr.splitlines()) == 1 and not result.stdout, \
            result
run(status=1)
print("the same numbers as vatt embed")
