#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the elements cost: the first embedding, peak memory, and time beside decoding and the network.

    meson devenv -C build ../bench/pipeline.py MEDIA [--variant vit-base vit-medium] [--starts 7]

Start: from the start of gst-launch-1.0 to its first embedding, with the shipped model.
Memory: peak of the whole line against the size of the model's file.
Cost: processor seconds of decoding and tokenising less those of decoding alone, as a share of the whole line's.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time


def environment():
    return {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}


def line(media, *elements):
    command = ["gst-launch-1.0", "-m", "filesrc", f"location={media}", "!", "decodebin", "!", *elements]
    return [part for part in command if part]


def measure(command):
    """Seconds of processor time and peak bytes of one run."""
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def first_embedding(media):
    start = time.monotonic()
    process = subprocess.Popen(line(media, "vattvideotok", "!", "vattencoder"), env=environment(),
                               stdout=subprocess.PIPE, text=True)
    seconds = None
    for text in process.stdout:
        if seconds is None and "vatt-embedding," in text:
            seconds = time.monotonic() - start
    if process.wait() or seconds is None:
        sys.exit("no embedding")
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("media")
    parser.add_argument("--variant", nargs="+", default=["vit-base"])
    parser.add_argument("--starts", type=int, default=7)
    options = parser.parse_args()

    starts = [first_embedding(options.media) for _ in range(options.starts)]
    print(f"first embedding, tiny: {statistics.median(starts):.3f} s median of {len(starts)}, {max(starts):.3f} s at most")
    decode = statistics.median(measure(line(options.media, "video/x-raw", "!", "fakesink"))[0] for _ in range(5))
    for variant in ["tiny", *options.variant]:
        with tempfile.TemporaryDirectory() as folder:
            model = os.path.join(folder, "model.safetensors")
            subprocess.run(["vatt", "init", variant, "-o", model], check=True)
            size = os.path.getsize(model)
            filtered = ["vattvideotok", "!", "vattencoder", f"model={model}"]
            seconds, peak = measure(line(options.media, *filtered))
        tokens = statistics.median(measure(line(options.media, "vattvideotok", "!", "fakesink"))[0] for _ in range(5))
        print(f"{variant}: whole line {seconds:.2f} processor seconds, decoding {decode:.2f}, "
              f"tokenising {max(0, tokens - decode):.2f} ({100 * max(0, tokens - decode) / seconds:.1f} % of the whole); "
              f"peak {peak / 1e6:.0f} MB, {peak / size:.2f} times the weights' {size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
