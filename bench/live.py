#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Live streams: what the three answers to overload do, and many streams with one model.

    meson devenv -C build ../bench/live.py [--variant vit-base] [--seconds 20] [--streams 16]

Overload: one live source whose windows come `--factor` times as fast as the variant can compute them. Streams: as many
live sources as `--streams` with the shipped model, in one encoder and in one each, computed together and one by one.
Delays are from a window's arrival at the encoder to its result; processor time is that of the whole process. TSV.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time

FIELD = re.compile(r"([a-z0-9-]+)=\([a-z0-9]+\)([^,;]+)")


def environment():
    return {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}


def play(line, seconds):
    """The last vatt-stats message of each encoder, processor seconds and peak bytes of a line played for a time."""
    process = subprocess.Popen(["gst-launch-1.0", "-m", *line.split()], env=environment(), stdout=subprocess.PIPE, text=True)
    stats, end = {}, time.monotonic() + seconds
    for text in process.stdout:
        if "(element): vatt-stats," in text:
            stats[text.split('"')[1]] = dict(FIELD.findall(text))
        if time.monotonic() > end:
            break
    process.terminate()
    process.stdout.close()
    _, _, usage = os.wait4(process.pid, 0)
    if not stats:
        sys.exit(f"no statistics of: {line}")
    return list(stats.values()), usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def number(stats, field):
    return sum(float(s[field]) for s in stats)


def milliseconds(stats, field):
    return number(stats, field) / len(stats) / 1e6


def overload(options):
    with tempfile.TemporaryDirectory() as folder:
        model = os.path.join(folder, "model.safetensors")
        subprocess.run(["vatt", "init", options.variant, "-o", model], check=True)
        bench = subprocess.run(["vatt", "bench", model, "--modality", "video", "--json"], env=environment(),
                               check=True, capture_output=True, text=True)
        takes = json.loads(bench.stdout)["seconds"]
        hop = int(1e9 * takes / options.factor)
        print(f"# {options.variant}: a window takes {takes:.3f} s, one comes every {hop / 1e9:.3f} s")
        print("overload\tcomputed\tleft out\tthinned\tmean delay ms\tp95 delay ms\tannounced ms\tpeak MB")
        for strategy in ("wait", "skip", "thin"):
            stats, _, peak = play(
                f"videotestsrc is-live=true ! video/x-raw,framerate=25/1,width=320,height=240 ! vattvideotok hop={hop} ! "
                f"vattencoder model={model} overload={strategy} stats-interval=500000000", options.seconds)
            print(f"{strategy}\t{number(stats, 'windows'):.0f}\t{number(stats, 'dropped'):.0f}\t"
                  f"{number(stats, 'thinned'):.0f}\t{milliseconds(stats, 'mean-delay'):.0f}\t"
                  f"{milliseconds(stats, 'p95-delay'):.0f}\t{milliseconds(stats, 'latency'):.0f}\t{peak / 1e6:.0f}", flush=True)


def streams(options):
    print(f"\n# tiny, {options.streams} streams, a window every 0.32 s each")
    print("encoders\tmost together\tcomputed\tleft out\tmean batch\tmean delay ms\tp95 delay ms\tprocessor ms a window\tpeak MB")
    source = ("videotestsrc is-live=true pattern={} ! video/x-raw,framerate=25/2,width=64,height=64 ! "
              "vattvideotok hop=320000000 ! ")
    for encoders in (1, options.streams):
        for batch in (1, 16):
            settings = f"max-batch={batch} stats-interval=500000000"
            if encoders == 1:
                line = f"vattencoder name=e {settings} " + " ".join(source.format(i % 20) + "e." for i in range(options.streams))
            else:
                line = " ".join(source.format(i % 20) + f"vattencoder {settings}" for i in range(options.streams))
            stats, processor, peak = play(line, options.seconds)
            windows = number(stats, "windows")
            print(f"{encoders}\t{batch}\t{windows:.0f}\t{number(stats, 'dropped'):.0f}\t"
                  f"{number(stats, 'mean-batch') / len(stats):.1f}\t{milliseconds(stats, 'mean-delay'):.1f}\t"
                  f"{milliseconds(stats, 'p95-delay'):.1f}\t{1e3 * processor / max(windows, 1):.1f}\t{peak / 1e6:.0f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", default="vit-base")
    parser.add_argument("--factor", type=float, default=4)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--streams", type=int, default=16)
    options = parser.parse_args()
    overload(options)
    streams(options)


if __name__ == "__main__":
    main()
