#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Reads what write-samples wrote with NumPy and the safetensors module.
import configparser
import os
import subprocess
import sys
import tempfile

try:
    import numpy
    import safetensors
    import safetensors.numpy
except ImportError as error:
    print(f"SKIP: {error}")
    sys.exit(77)

NUMBERS = numpy.array([0, 1, 2, -3, 4.5, 1e-30], dtype=numpy.float32)



def crc32c(data):
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def check_checkpoint(path):
    tensors = safetensors.numpy.load_file(path)
    model = {name for name in tensors if not name.startswith("training/")}
    assert "audio.block.0.mlp.in.weight" in model, model
    for name in model:
        velocity = tensors["training/first/" + name]
        assert velocity.shape == tensors[name].shape
        assert velocity.dtype == numpy.float32
    assert any(tensors["training/first/" + name].any() for name in model)
    reservoir = {name[19:]: value.tolist() for name, value in tensors.items()
                 if name.startswith("training/reservoir/")}
    assert reservoir == {
        "audio": [[[[0.5, 0], [0, 0], [0, 0], [0, 0]]]],
        "labels": [[1, 0, 0.25]], "stream": [[1, 0]], "time": [[-2, -1]]}
    assert len(tensors) == 2 * len(model) + 4 + 1
    with open(path, "rb") as file:
        data = file.read()
    assert int(tensors["training/crc32c"][0]) % 2**32 == crc32c(data[:-4])
    with safetensors.safe_open(path, "numpy") as file:
        metadata = file.metadata()
    assert metadata["vatt.trained"] == "true"
    notes = configparser.ConfigParser(interpolation=None)
    notes.read_string(metadata["vatt.training"])
    assert dict(notes["training"]) == {
        "format": "1", "position": "uint64 3", "step": "1", "bad": "0"}
    assert notes["settings"]["optimiser"] == "momentum"
    assert float(notes["settings"]["rate"]) == 0.1
    assert notes["reservoir"]["fill"] == notes["reservoir"]["drawn"] == "1"


with tempfile.TemporaryDirectory() as folder:
    subprocess.run([sys.argv[1], folder], check=True)
    weights = os.path.join(folder, "sample.safetensors")

    tensors = safetensors.numpy.load_file(weights)
    assert sorted(tensors) == sorted(
        ["step", "a/matrix", "none", 'quote"back\\slash\ttab ü']), tensors
    assert tensors["step"].shape == () and tensors["step"] == -7
    assert numpy.array_equal(tensors["a/matrix"], NUMBERS.reshape(2, 3))
    assert tensors["none"].shape == (0, 5)
    assert tensors['quote"back\\slash\ttab ü'].tolist() == [False, True]
    with safetensors.safe_open(weights, "numpy") as file:
        assert file.metadata() == {
            "variant": "bbs", "labels": 'one\ntwo "quoted" drei ß'}

    array = numpy.load(os.path.join(folder, "sample.npy"))
    assert array.dtype == numpy.float32 and array.shape == (3, 2)
    assert numpy.array_equal(array, NUMBERS.reshape(3, 2))

    check_checkpoint(os.path.join(folder, "step-0000000001.safetensors"))
print("safetensors and NumPy read the same")
