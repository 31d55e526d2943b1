#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# linear-probe.py MODEL OUT [LABEL=SOURCE...]: teaches a model to name what it
# sees. MODEL is a safetensors file with a video tower; each SOURCE, a media
# file or the beginning of a launch line, shows what LABEL is. The tower stays
# as it is: a linear classifier on its embeddings is found by ridge regression,
# in closed form, and written with the tower to OUT, a model for vattclassifier.
# Without sources the labels are names of test pictures.
#
#   meson devenv -C build /usr/bin/python3 $PWD/examples/linear-probe.py \
#     build/models/tiny.safetensors patterns.safetensors
import configparser
import io
import json
import os
import struct
import sys

import numpy

from embeddings import GLib, rows_of, source_of

PATTERNS = "smpte", "snow", "ball", "checkers-8"
RIDGE = 1e-3  # of the mean square of a feature: little, but never singular
SHARPNESS = 8  # of the probabilities: regression aims at 0 and 1, not at logits


def read_model(path):
    """Metadata, and (dtype, shape, bytes) of every tensor by its name."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    metadata = header.pop("__metadata__")
    return metadata, {
        name: (info["dtype"], info["shape"],
               data[slice(*info["data_offsets"])])
        for name, info in header.items()}


def write_model(path, metadata, tensors):
    header, offset = {"__metadata__": metadata}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape),
                        "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.writelines(data for _, _, data in tensors.values())


def classifier_config(text, classes):
    """The configuration of the video tower with a classifier on it."""
    config = configparser.ConfigParser(interpolation=None)
    config.read_string(text)
    for section in "audio", "text", "head":
        config.remove_section(section)
    config["model"] = {"name": config["model"]["name"] + "-probe"}
    config["head"] = {"kind": "classifier", "classes": str(classes)}
    out = io.StringIO()
    config.write(out, space_around_delimiters=False)
    return out.getvalue()


def fit(rows, classes):
    """Weights (numbers, classes) and biases: centred ridge regression."""
    targets = numpy.eye(classes.max() + 1)[classes]
    mean, middle = rows.mean(axis=0), targets.mean(axis=0)
    x, y = rows - mean, targets - middle
    gram = x.T @ x
    gram += RIDGE * numpy.trace(gram) / len(gram) * numpy.eye(len(gram))
    weight = numpy.linalg.solve(gram, x.T @ y)
    return SHARPNESS * weight, SHARPNESS * (middle - mean @ weight)


def main(model, out, *examples):
    shown = [example.split("=", 1) for example in examples] or [
        (name, f"videotestsrc pattern={name} num-buffers=200")
        for name in PATTERNS]
    rows = []
    for label, source in shown:
        source = source_of(source) if os.path.exists(source) else source
        rows.append(rows_of(source, hop=200000000, model=model)[1])
        print(f"{label}: {len(rows[-1])} windows", flush=True)
    classes = numpy.repeat(range(len(rows)), [len(part) for part in rows])
    weight, bias = fit(numpy.concatenate(rows).astype(float), classes)
    metadata, tensors = read_model(model)
    tensors = {name: tensor for name, tensor in tensors.items()
               if name.startswith("video.")}
    for name, values in ("weight", weight), ("bias", bias):
        tensors[f"head.classifier.{name}"] = (
            "F32", values.shape, values.astype("<f4").tobytes())
    write_model(out, {
        "vatt.config": classifier_config(metadata["vatt.config"], len(shown)),
        "vatt.labels": "\n".join(label for label, _ in shown),
        "vatt.trained": "true"}, tensors)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: linear-probe.py MODEL OUT [LABEL=SOURCE...]")
    try:
        main(*sys.argv[1:])
    except (GLib.Error, OSError, KeyError, ValueError) as error:
        sys.exit(f"linear-probe.py: {error}")
