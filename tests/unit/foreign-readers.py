#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Reads what write-samples wrote with NumPy and the safetensors module.
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
print("safetensors and NumPy read the same")
