#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs the blocks marked sh of a page, one after the other in one new folder,
# by `meson devenv`. A comment on the line before a block, "not run: REASON",
# leaves it out. What the pages call by name is there in small:
#
#   clip.mp4, other.mp4,
#   clip.webm             3 s of test pictures and a tone
#   clip.vtt              two captions
#   sound.wav             2 s of a tone
#   labels.txt            four names
#   classifier.safetensors  an untrained classifier of video, three classes
#   checkpoint/ckpt-1     a TensorFlow checkpoint, where VATT_SHARED_DATA has
#                         golden numbers; blocks that name it are skipped else
#
# Usage: run-blocks.py BUILD PAGE
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "examples"))
import media  # noqa: E402

build = os.path.abspath(sys.argv[1])
page = pathlib.Path(sys.argv[2])
CHECKPOINT = "tx-fac"


def blocks(text):
    for match in re.finditer(
            r"(?:<!-- not run: (?P<reason>.*?) -->\n)?```sh\n(?P<code>.*?)^```",
            text, re.MULTILINE | re.DOTALL):
        yield match["reason"], match["code"]


def make_media(folder):
    media.make_clip(folder)
    media.make_sound(folder)
    media.make_captions(folder)
    for name in "other.mp4", "clip.webm":
        shutil.copy(folder / "clip.mp4", folder / name)
    (folder / "labels.txt").write_text("one\ntwo\nthree\nfour\n")


CLASSIFIER = """[model]
name=classifier
[video]
input=voxels
frames=8
height=32
width-of-picture=32
rate=10
patch=4;16;16
buckets=2;2;2
layers=1
width=32
heads=2
head-width=16
feed-forward=64
[head]
kind=classifier
classes=3
"""


def make_classifier(folder):
    (folder / "classifier.ini").write_text(CLASSIFIER)
    subprocess.run(
        ["meson", "devenv", "-C", build, "--workdir", folder, "vatt", "init",
         "classifier.ini", "--seed", "1", "-o", "classifier.safetensors"],
        check=True, timeout=60, stdout=subprocess.DEVNULL)


def make_checkpoint(folder):
    shared = os.environ.get("VATT_SHARED_DATA")
    source = pathlib.Path(shared or "", "golden", CHECKPOINT)
    indices = sorted(source.rglob("*.index")) if shared else []
    if not indices:
        return False
    (folder / "checkpoint").mkdir()
    stem = indices[0].name.removesuffix(".index")
    for file in indices[0].parent.glob(stem + ".*"):
        shutil.copy(file, folder / "checkpoint"
                    / ("ckpt-1" + file.name.removeprefix(stem)))
    return True


found = list(blocks(page.read_text(encoding="utf-8")))
print(f"1..{len(found)}")
failed = False
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    os.environ["GST_REGISTRY"] = str(folder / ".registry")
    make_media(folder)
    make_classifier(folder)
    has_checkpoint = make_checkpoint(folder)
    for number, (reason, code) in enumerate(found, 1):
        title = code.splitlines()[0]
        if not reason and "checkpoint/ckpt-1" in code and not has_checkpoint:
            reason = "no golden numbers"
        if reason:
            print(f"ok {number} - {title} # SKIP {reason}")
            continue
        result = subprocess.run(
            ["meson", "devenv", "-C", build, "--workdir", name,
             "sh", "-euc", code], stdin=subprocess.DEVNULL, timeout=120,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        good = result.returncode == 0
        failed |= not good
        print(f"{'ok' if good else 'not ok'} {number} - {title}")
        if not good:
            for line in (code + result.stdout).splitlines():
                print(f"# {line}")
sys.exit(1 if failed else 0)
