#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the elements cost in processor time without the network, as a share of one core.

    meson devenv -C build ../bench/elements.py [--seconds 120] [--rounds 7]

Pictures of 1280 x 720 (I420) at 25 a second, and stereo sound at 48 kHz, come from memory without a decoder. The
tokeniser's line is compared with one that only does GStreamer's own part: scaling the pictures that are needed
(half of them for the shipped model) to the model's size, or bringing sound to its rate. Lines run in turn, as fast as
they can; the median counts. The encoder's share is the time of its own thread: the network runs in the engine's.
"""
import argparse
import glob
import resource
import statistics
import subprocess
import sys
import time

SPAN = 2.56
PICTURES = ("videotestsrc num-buffers=1 ! video/x-raw,format=I420,width=1280,height=720,framerate=25/1 ! "
            "imagefreeze num-buffers={n} ! video/x-raw,framerate=25/1")
SOUND = ("audiotestsrc wave=silence num-buffers={n} samplesperbuffer=1920 ! "
         "audio/x-raw,format=S16LE,rate=48000,channels=2")
LINES = {
    "pictures alone": PICTURES + " ! fakesink",
    "pictures scaled": PICTURES + " ! videorate drop-only=true ! video/x-raw,framerate=25/2 ! "
                       "videocrop left=280 right=280 ! "
                       "videoconvertscale n-threads=1 ! video/x-raw,format=RGB,width=64,height=64 ! fakesink",
    "vattvideotok": PICTURES + " ! vattvideotok ! fakesink",
    "sound alone": SOUND + " ! fakesink",
    "sound converted": SOUND + " ! audioconvert ! audioresample ! "
                       "audio/x-raw,format=F32LE,rate=16000,channels=1 ! fakesink",
    "vattaudiotok": SOUND + " ! vattaudiotok ! fakesink",
}
ENCODER = PICTURES + " ! vattvideotok ! vattencoder name=e"


def run(line, frames):
    """Processor seconds of one run."""
    command = ["gst-launch-1.0", "-q", *line.format(n=frames).split()]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    if subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
        sys.exit(f"failed: {' '.join(command)}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run_thread(line, frames, name):
    """Processor seconds of the thread of that name, looked at until the process ends."""
    process = subprocess.Popen(["gst-launch-1.0", "-q", *line.format(n=frames).split()], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    seconds = 0.0
    while process.poll() is None:
        for task in glob.glob(f"/proc/{process.pid}/task/*"):
            try:
                with open(task + "/comm", encoding="utf-8") as comm, open(task + "/schedstat", encoding="utf-8") as stat:
                    if comm.read().strip() == name:
                        seconds = int(stat.read().split()[0]) / 1e9
            except OSError:  # it has just ended
                pass
        time.sleep(0.01)
    if process.returncode:
        sys.exit(f"failed: {line}")
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120, help="of media in each run")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    frames = round(options.seconds * 25)
    windows = options.seconds / SPAN

    # A run of two frames takes what starting costs; it is not the elements'.
    times = {name: [] for name in [*LINES, "vattencoder"]}
    for _ in range(options.rounds):
        for name, line in LINES.items():
            times[name].append(run(line, frames) - run(line, 2))
        times["vattencoder"].append(run_thread(ENCODER, frames, "e:src"))
    median = {name: statistics.median(values) for name, values in times.items()}

    print("processor time in ms for each window of 2.56 s, and share of one core")
    for name, seconds in median.items():
        print(f"  {name:16} {1000 * seconds / windows:8.3f} ms {100 * seconds / options.seconds:7.3f} %")
    for name, of in (("vattvideotok", "pictures scaled"), ("vattaudiotok", "sound converted")):
        extra = median[name] - median[of]
        print(f"{name} beyond {of}: {1000 * extra / windows:.3f} ms a window, "
              f"{100 * extra / options.seconds:.3f} % of one core")


if __name__ == "__main__":
    main()
