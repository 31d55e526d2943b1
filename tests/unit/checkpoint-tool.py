#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The command line takes a checkpoint for the model that it is, and says what
# else it is. Usage: checkpoint-tool.py WRITE-SAMPLES VATT
import json
import os
import struct
import subprocess
import sys
import tempfile

writer, tool = sys.argv[1:]


def vatt(*arguments):
    done = subprocess.run([tool, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def write_tensor(path, name, shape, values):
    data = struct.pack(f"<{len(values)}f", *values)
    header = json.dumps({name: {"dtype": "F32", "shape": shape,
                                "data_offsets": [0, len(data)]}}).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + data)


def read_tensor(path, name):
    with open(path, "rb") as file:
        data = file.read()
    end = 8 + struct.unpack("<Q", data[:8])[0]
    begin, stop = json.loads(data[8:end])[name]["data_offsets"]
    return data[end + begin:end + stop]


with tempfile.TemporaryDirectory() as folder:
    subprocess.run([writer, folder], check=True)
    checkpoint = os.path.join(folder, "step-0000000001.safetensors")
    model = os.path.join(folder, "model.safetensors")
    sound = os.path.join(folder, "sound.safetensors")

    said = json.loads(vatt("info", "--json", checkpoint))
    assert said["trained"] and said["variant"] == "s", said
    beside = said["checkpoint"]
    assert beside["optimiser"] == "momentum" and beside["format"] == 1, beside
    assert beside["step"] == 1 and beside["samples_waiting"] == 1, beside
    assert beside["tensors"] == len(said["tensors"]) + 4 + 1, beside
    assert "checkpoint of step 1, momentum, 1 samples" in vatt(
        "info", checkpoint)
    assert "checkpoint" not in json.loads(vatt("info", "--json", "tiny"))

    # What a session computes with it is what it computes with the model alone.
    with open(checkpoint, "rb") as file:
        data = file.read()
    end = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:end])
    for name in [name for name in header if name.startswith("training/")]:
        del header[name]
    del header["__metadata__"]["vatt.training"]
    stop = max(entry["data_offsets"][1] for name, entry in header.items()
               if name != "__metadata__")
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(model, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data[end:end + stop])
    write_tensor(sound, "audio", [1, 8, 1], [0.5, -1, 2, 0, 1, 3, -2, 0.25])
    logits = []
    for path in checkpoint, model:
        vatt("run", path, "--in", sound, "--out", path + ".out")
        logits.append(read_tensor(path + ".out", "logits"))
    assert len(logits[0]) == 3 * 4 and logits[0] == logits[1], logits
print("a checkpoint is a model")
