# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Small media for tests: 3 s of a moving ball with a tone, and captions. The
# clip is in Matroska, whatever it is called: what a file holds does not follow
# from its name.
import subprocess

PICTURE = ("videotestsrc num-buffers=75 pattern=ball ! "
           "video/x-raw,width=160,height=120,framerate=25/1 ! jpegenc")
# The tone changes, so that its windows differ.
TONE = ("audiotestsrc num-buffers=66 samplesperbuffer=1000 wave=ticks ! "
        "audio/x-raw,rate=22050,channels=1,format=S16LE")
CAPTIONS = """WEBVTT

00:00.000 --> 00:01.000
A ball moves

00:01.500 --> 00:02.500
to the right
"""


def launch(folder, line):
    subprocess.run(["gst-launch-1.0", "-q", *line.split()], cwd=folder,
                   check=True, timeout=60)


def make_clip(folder, name="clip.mp4"):
    launch(folder, f"{PICTURE} ! m. {TONE} ! m. matroskamux name=m ! "
                   f"filesink location={name}")


def make_silent_clip(folder, name):
    launch(folder, f"{PICTURE} ! matroskamux ! filesink location={name}")


def make_sound(folder, name="sound.wav"):
    launch(folder, f"{TONE} ! wavenc ! filesink location={name}")


def make_captions(folder, name="clip.vtt"):
    (folder / name).write_text(CAPTIONS)
