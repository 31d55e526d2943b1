#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One step of pre-training beside PyTorch, in turn, on the same machine: three towers, head, loss, the way back, Adam.

    bench/train.py --peers ../shared/peers --python build/peers-env/bin/python [--variant bbs mbs] [--batch 1 4]

Both sides: 784 of 1568 tokens of video, 600 of 1200 of sound, 5 texts of 16 words to a clip, float32, the whole batch
at once. Every timing of another engine stands between two of ours, and its ratio is to the mean of these two: the speed
of a shared machine drifts. OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are unset for both. Prints one TSV line a timing and a
table at the end; processor seconds are of all of a process, loading and warming up included, for a step.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys

ENGINES = ["torch", "torch-compile"]
WARM_UP = 2


def environment():
    return {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}


def run(command):
    """What a command prints as its last line, and the processor seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run(command, env=environment(), capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(command)}\n{result.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(result.stdout.strip().splitlines()[-1]), used


def ours(options, variant, batch, dropout):
    r, _ = run([options.vatt, "bench", variant, "--train", "--device", "cpu", "--threads", str(options.threads), "--batch",
                str(batch), "--micro-batch", str(options.micro_batch), "--keep", "0.5", "--captions", "5", "--dropout", str(dropout), "--runs",
                str(options.runs), "--json"])
    return {"engine": "vatt", "seconds": r["seconds"], "least": r["seconds_least"], "peak_mb": r["peak_bytes"] / 1e6,
            "processor": r["processor_seconds"], "note": f"trainer {r['trainer_bytes'] / 1e6:.0f} MB"}


def theirs(options, engine, variant, batch, dropout):
    r, used = run([options.python, os.path.join(options.peers, "train.py"), "--engine", engine, "--variant", variant,
                   "--micro-batch", str(batch), "--dropout", str(dropout), "--threads", str(options.threads), "--runs",
                   str(options.runs), "--warm-up", str(WARM_UP), "--patience", str(options.patience)])
    # One more step than was timed ends the script.
    return {"engine": engine, "seconds": r["median_s"], "least": r["min_s"], "peak_mb": r["peak_rss_mib"] * 1.048576,
            "processor": used / (options.runs + WARM_UP + 1), "note": f"others took {r['other_cores']} cores"}


def line(case, r):
    print("\t".join([*map(str, case), r["engine"], f"{r['seconds']:.3f}", f"{r['least']:.3f}", f"{r['processor']:.2f}",
                     f"{r['peak_mb']:.0f}", r["note"]]), flush=True)
    return r


def compare(options, case):
    mine, peers = [line(case, ours(options, *case))], {}
    for _ in range(options.rounds):
        for engine in options.engine:
            peer = line(case, theirs(options, engine, *case))
            mine.append(line(case, ours(options, *case)))
            beside = statistics.mean(m["seconds"] for m in mine[-2:])
            peers.setdefault(engine, []).append((peer, peer["seconds"] / beside))
    variant, batch, dropout = case
    peak = max(m["peak_mb"] for m in mine)
    name = f"{variant}, batch {batch}, dropout {dropout:g}"
    print(f"\n{name}: vatt {statistics.median(m['seconds'] for m in mine):.3f} s, {peak:.0f} MB")
    for engine, results in peers.items():
        theirs_mb = max(p["peak_mb"] for p, _ in results)
        print(f"{name}: {engine} {statistics.median(p['seconds'] for p, _ in results):.3f} s, {theirs_mb:.0f} MB; it takes "
              f"{statistics.median(r for _, r in results):.2f} times as long, ours takes {100 * peak / theirs_mb:.0f} % of its memory")
    print(flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vatt", default="build/tools/vatt")
    parser.add_argument("--peers", required=True, help="folder of the other engines' scripts")
    parser.add_argument("--python", required=True, help="Python of the environment they run in")
    parser.add_argument("--variant", nargs="+", default=["bbs", "mbs"])
    parser.add_argument("--batch", nargs="+", type=int, default=[1, 4], help="clips of a step")
    parser.add_argument("--micro-batch", type=int, default=0, help="clips that our towers compute at once (all)")
    parser.add_argument("--dropout", nargs="+", type=float, default=[0.1, 0.0])
    parser.add_argument("--engine", nargs="+", default=ENGINES)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--patience", type=int, default=60, help="seconds another engine may wait for a quiet machine")
    options = parser.parse_args()

    print("variant\tbatch\tdropout\tengine\tmedian s\tleast s\tprocessor s\tpeak MB")
    for variant in options.variant:
        for batch in options.batch:
            for dropout in options.dropout:
                compare(options, (variant, batch, dropout))


if __name__ == "__main__":
    main()
