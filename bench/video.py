#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The video tower beside other engines, in turn, on the same machine: a clip of 32 x 224 x 224, float32, batch 1.

    bench/video.py --peers ../shared/peers --python build/peers-env/bin/python [--size base medium] [--rounds 2]

Every timing of another engine stands between two of ours, and its ratio is to the mean of these two: the speed of a
shared machine drifts. Both sides run with OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE unset. Prints one TSV line a timing
(best first: the medians are what counts) and a table at the end.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

ENGINES = ["ort", "openvino", "torch-compile"]


def environment():
    return {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}


def run(command):
    result = subprocess.run(command, env=environment(), capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(command)}\n{result.stderr}")
    return json.loads(result.stdout.strip().splitlines()[-1])


def ours(options, size):
    r = run([options.vatt, "bench", f"vit-{size}", "--device", "cpu", "--threads", str(options.threads), "--runs", str(options.runs), "--json"])
    return {"engine": "vatt", "seconds": r["seconds"], "least": r["seconds_least"], "peak_mb": r["peak_bytes"] / 1e6,
            "share_of_gemm": r["share_of_gemm"], "gflop": r["gflop"], "gemm": r["gemm_gflop_per_s"]}


def theirs(options, engine, size):
    r = run([options.python, os.path.join(options.peers, "infer.py"), "--engine", engine, "--size", size, "--threads",
             str(options.threads), "--runs", str(max(7, options.runs)), "--cache", options.cache, "--patience", str(options.patience)])
    return {"engine": engine, "seconds": r["median_s"], "least": r["min_s"], "peak_mb": r["peak_rss_mib"] * 1.048576,
            "other_cores": r["other_cores"], "gflop": r["gflop"]}


def line(size, r):
    fields = [size, r["engine"], f"{r['seconds']:.4f}", f"{r['least']:.4f}", f"{r['peak_mb']:.0f}"]
    if "share_of_gemm" in r:
        fields.append(f"{r['gflop'] / r['seconds']:.1f} GFLOP/s, products alone {r['gemm']:.1f}")
    print("\t".join(fields), flush=True)
    return r


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vatt", default="build/tools/vatt")
    parser.add_argument("--peers", required=True, help="folder of the other engines' scripts")
    parser.add_argument("--python", required=True, help="Python of the environment they run in")
    parser.add_argument("--cache", default="build/peers-cache")
    parser.add_argument("--size", nargs="+", default=["base", "medium"])
    parser.add_argument("--engine", nargs="+", default=ENGINES)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--patience", type=int, default=60, help="seconds another engine may wait for a quiet machine")
    options = parser.parse_args()

    print("size\tengine\tmedian s\tleast s\tpeak MB")
    for size in options.size:
        if not os.path.exists(os.path.join(options.cache, f"video-{size}-1x32x224.npy")):
            subprocess.run([options.python, os.path.join(options.peers, "infer.py"), "--engine", "ort", "--size", size,
                            "--cache", options.cache, "--prepare"], env=environment(), check=True, stderr=subprocess.DEVNULL)
        mine, peers = [line(size, ours(options, size))], {}
        for _ in range(options.rounds):
            for engine in options.engine:
                peer = line(size, theirs(options, engine, size))
                mine.append(line(size, ours(options, size)))
                beside = statistics.mean(m["seconds"] for m in mine[-2:])
                peers.setdefault(engine, []).append((peer, peer["seconds"] / beside))
        share = statistics.median(m["share_of_gemm"] for m in mine)
        print(f"\n{size}: vatt {statistics.median(m['seconds'] for m in mine):.3f} s, "
              f"{mine[0]['peak_mb']:.0f} MB, {100 * share:.0f} % of the rate of products alone")
        for engine, results in peers.items():
            print(f"{size}: {engine} {statistics.median(p['seconds'] for p, _ in results):.3f} s, "
                  f"{results[0][0]['peak_mb']:.0f} MB; it takes {statistics.median(r for _, r in results):.2f} times as long")
        print(flush=True)


if __name__ == "__main__":
    main()
