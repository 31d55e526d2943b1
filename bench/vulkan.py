#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Matrix products of the Vulkan device beside ggml's on the same driver, in turn, and the processor's.

    bench/vulkan.py [--ggml build/ggml] [--device vulkan:0] [--rounds 3]

Products are 1024 x 1024 x 1024, float32. ggml's are timed twice: float32 throughout, as ours, and its own default,
which rounds factors to half precision. Without --ggml only ours are timed; its folder takes source and build and is
made at the first call (bench/ggml-vulkan.sh, packages named there).
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

SHAPE = "1024x1024x1024"


def environment(**more):
    kept = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    return {**kept, **more}


def run(command, **more):
    result = subprocess.run(command, env=environment(**more), capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(command)}\n{result.stderr}")
    return result.stdout.strip().splitlines()


def ours(options):
    rows = [json.loads(line) for line in run([options.vatt, "devices", "--json"])]
    return {row["name"]: row["gemm_gflop_per_s"] for row in rows if "gemm_gflop_per_s" in row}


def ggml(options, precision):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ggml-vulkan.sh")
    return float(run([script, options.ggml, SHAPE], PRECISION=precision)[-1].split()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vatt", default="build/tools/vatt")
    parser.add_argument("--ggml", help="folder of ggml's source and build")
    parser.add_argument("--device", default="vulkan:0")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    found = {}
    for _ in range(options.rounds):
        rates = ours(options)
        if options.device not in rates:
            sys.exit(f"no {options.device} that can be used, there are: {', '.join(rates)}")
        found.setdefault(f"vatt {options.device}", []).append(rates[options.device])
        found.setdefault("vatt cpu", []).append(rates["cpu"])
        for precision in ("float32", "float16") if options.ggml else ():
            found.setdefault(f"ggml {precision}", []).append(ggml(options, precision))
    own = statistics.median(found[f"vatt {options.device}"])
    for name, rates in found.items():
        median = statistics.median(rates)
        print(f"{name}\t{median:.1f} GFLOP/s\t{min(rates):.1f} to {max(rates):.1f}\tours is {own / median:.2f} times that")


if __name__ == "__main__":
    main()
