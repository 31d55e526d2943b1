#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Kills commands at random moments, also while what they write has no name yet:
# the file is the old one or the whole new one, and nothing is beside it but,
# between the two calls that replace a file, the whole new one. Without golden
# numbers there is no checkpoint to convert. Usage: vatt-killed.py VATT
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import media  # noqa: E402

ROUNDS = 8
vatt = os.path.abspath(sys.argv[1])
draw = random.Random(20)


def start(words):
    return subprocess.Popen([vatt, *words], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def is_writing(process, folder):
    """Whether it has something in a file without a name in folder."""
    try:
        for fd in os.scandir(f"/proc/{process.pid}/fd"):
            if (os.readlink(fd).startswith(str(folder))
                    and os.readlink(fd).endswith(" (deleted)")
                    and os.stat(fd).st_size > 0):
                return True
    except OSError:
        pass
    return False


def kill_at(process, moment):
    end = time.monotonic() + 60
    while process.poll() is None and not moment():
        assert time.monotonic() < end
    process.kill()
    process.wait()


def check(words, out, old):
    """Kills `vatt WORDS`, which replaces or makes out."""
    out.unlink(missing_ok=True)
    begin = time.monotonic()
    assert start(words).wait(60) == 0, words
    duration = time.monotonic() - begin
    new = out.read_bytes()
    expected = {path.name for path in out.parent.iterdir()} - {out.name}
    caught = 0
    for round_ in range(ROUNDS):
        out.write_bytes(old) if old else out.unlink(missing_ok=True)
        process = start(words)
        if round_ % 2:
            end = time.monotonic() + draw.uniform(0, duration)
            kill_at(process, lambda: time.monotonic() > end)
        else:
            kill_at(process, lambda: is_writing(process, out.parent))
            caught += process.returncode != 0
        found = out.read_bytes() if out.exists() else None
        assert found in (old, new), (words, round_, len(found or b""))
        debris = {path.name for path in out.parent.iterdir()} - {out.name}
        for name in debris - expected:
            assert old and found == old, (words, name)
            assert (out.parent / name).read_bytes() == new, (words, name)
            (out.parent / name).unlink()
    return caught


def find_checkpoint(shared):
    indices = sorted((pathlib.Path(shared) / "golden" / "tx-fac")
                     .rglob("*.index")) if shared else []
    return str(indices[0]) if indices else None


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    os.chdir(folder)
    media.make_sound(folder)
    results = folder / "results"
    results.mkdir()
    commands = {"init": (["init", "tiny", "--seed", "3"], "m.safetensors")}
    for suffix in "tsv", "npy", "safetensors":
        commands[f"embed {suffix}"] = (
            ["embed", "tiny", "sound.wav"], f"e.{suffix}")
    checkpoint = find_checkpoint(os.environ.get("VATT_SHARED_DATA"))
    if checkpoint:
        commands["convert"] = (
            ["convert", checkpoint, "--head-width",
             "video=16,audio=8,text=8"], "c.safetensors")
    for title, (words, file) in commands.items():
        caught = 0
        for old in None, b"an old file":
            caught += check([*words, "-o", str(results / file)],
                            results / file, old)
        print(f"{title}: killed while writing {caught} times")
        shutil.rmtree(results)
        results.mkdir()
