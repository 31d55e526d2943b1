#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Commands that cannot do what they were asked to: one line says why, and
# nothing is left behind. Usage: vatt-failures.py VATT
import json
import os
import pathlib
import resource
import struct
import subprocess
import sys
import tempfile

vatt = os.path.abspath(sys.argv[1])


def run(*words, status, **options):
    result = subprocess.run([vatt, *words], text=True, timeout=60,
                            stderr=subprocess.PIPE,
                            **{"stdout": subprocess.PIPE, **options})
    assert result.returncode == status, (words, result)
    return result.stderr.splitlines()


def write_ids(path, names):
    """A safetensors file with 1x8 zeros of I32 for each name."""
    header = {name: {"dtype": "I32", "shape": shape,
                     "data_offsets": [32 * i, 32 * i + 32]}
              for i, (name, shape) in enumerate(names.items())}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text
                     + bytes(32 * len(names)))


def check_full_disk(folder):
    for words in (["info", "tiny"], ["info", "tiny", "--json"], ["--help"],
                  ["bench", "tiny", "--runs", "1"]):
        with open("/dev/full", "w") as full:
            lines = run(*words, status=1, stdout=full)
        assert len(lines) == 1 and "standard output" in lines[0], lines
    limit = 100000
    lines = run("init", "tiny", "-o", "large.safetensors", status=1,
                preexec_fn=lambda: resource.setrlimit(
                    resource.RLIMIT_FSIZE, (limit, limit)))
    assert len(lines) == 1 and "large.safetensors" in lines[0], lines
    assert not list(folder.iterdir())


def check_tensors(folder):
    write_ids(folder / "in.safetensors",
              {"text": [1, 8], "text_keep": [8]})
    lines = run("run", "tiny", "-i", "in.safetensors", "-o", "out.safetensors",
                status=1)
    assert len(lines) == 1 and "text_keep" in lines[0], lines
    assert not (folder / "out.safetensors").exists()


def check_options():
    for words in (["--frames", "1"], ["--size", "15"],
                  ["--frames", "65536", "--size", "16384"]):
        lines = run("info", "tiny", *words, status=1)
        assert len(lines) == 1 and "tokens" in lines[0], lines
    for words in (["bench", "tiny", "-m", "smell"],
                  ["embed", "tiny", "clip.mp4", "-m", ""],
                  ["embed", "tiny", "clip.mp4", "--threads", "1025"]):
        assert run(*words, status=2)[1].startswith("Usage"), words


with tempfile.TemporaryDirectory() as name:
    os.chdir(name)
    check_full_disk(pathlib.Path(name))
    check_tensors(pathlib.Path(name))
    check_options()
print("every failure is told, and nothing is left behind")
