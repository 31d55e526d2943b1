#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The library through GObject Introspection: a sentence, pictures and sound are
# embedded from Python, with the numbers that `vatt run` computes, and what
# cannot be is an exception with a text. Usage: embed.py VATT README
import array
import json
import math
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

import gi
gi.require_version("Vatt", "1.0")
from gi.repository import GLib, Vatt  # noqa: E402

vatt, readme = sys.argv[1:]
model = Vatt.Model.load("tiny")
device = Vatt.Device.new("cpu", None)


def numbers(data):
    return array.array("f", data.get_data())


def embed(modality, output, clip):
    params = Vatt.SessionParams()
    params.modality = modality
    params.outputs = output
    session = Vatt.Session.new(model, device, params)
    assert session.get_output(output)[0] is None
    session.run(clip, None)
    values, shape = session.get_output(output)
    assert math.prod(shape) == len(numbers(values)), shape
    return numbers(values), shape


def front_of(modality):
    front = model.get_config().get_front_end(modality)
    return front, list(front.patch), list(front.grid)


def run_tool(tensors, output):
    """What `vatt run` makes of {name: (dtype, shape, bytes)}."""
    header, data = {}, b""
    for name, (dtype, shape, values) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with tempfile.TemporaryDirectory() as folder:
        source, result = (str(pathlib.Path(folder, name))
                          for name in ("in.safetensors", "out.safetensors"))
        pathlib.Path(source).write_bytes(
            struct.pack("<Q", len(text)) + text + data)
        subprocess.run([vatt, "run", "tiny", "--in", source, "--out", result],
                       check=True, stdout=subprocess.DEVNULL)
        file = Vatt.tensor_file_open(result)
        info = file.lookup(output)
        return numbers(info.get_bytes()), info.get_shape()


def check_equal(found, expected):
    # Two runs of the same code, of other batches and threads perhaps.
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        assert abs(a - b) <= 1e-4 * (1 + abs(b)), (a, b)


def check_text():
    front, _, grid = front_of(Vatt.Modality.TEXT)
    clip = Vatt.Clip.new(Vatt.Modality.TEXT, 1, grid, front.token_size)
    ids = model.get_vocabulary().tokenize("A dog barks!", front.words)
    assert len(ids) == front.words and ids[3:] == [0] * (front.words - 3)
    assert model.get_vocabulary().word(ids[1]) == "dog", ids
    clip.set_ids(0, ids)
    found, shape = embed(Vatt.Modality.TEXT, Vatt.Output.VT, clip)
    assert shape == [1, 128]
    packed = struct.pack(f"<{len(ids)}i", *ids)
    assert clip.get_bytes().get_data() == packed
    expected, other = run_tool(
        {"text": ("I32", [1, len(ids)], packed)}, "text/vt")
    assert other == shape
    check_equal(found, expected)


def check_video():
    front, patch, grid = front_of(Vatt.Modality.VIDEO)
    height, width = front.height, front.width
    frames = [bytes((7 * i + 11 * t) % 256 for i in range(3 * height * width))
              for t in range(front.frames)]
    clip = Vatt.Clip.new(Vatt.Modality.VIDEO, 1, grid, front.token_size)
    for t, frame in enumerate(frames):
        clip.fill_frame_u8(0, t, GLib.Bytes.new(frame), patch, height, width)
    found, shape = embed(Vatt.Modality.VIDEO, Vatt.Output.POOLED, clip)
    scaled = array.array(
        "f", (value * 2 / 255 - 1 for frame in frames for value in frame))
    expected, other = run_tool({"video": (
        "F32", [1, front.frames, height, width, 3], scaled.tobytes())},
        "video/pooled")
    assert other == shape
    check_equal(found, expected)

    # The same from floats, and from patches; and half of the patches.
    again = Vatt.Clip.new(Vatt.Modality.VIDEO, 1, grid, front.token_size)
    again.fill_video(0, GLib.Bytes.new(scaled.tobytes()), front.frames, height,
                     width, patch)
    check_equal(numbers(again.get_bytes()), numbers(clip.get_bytes()))
    ready = Vatt.Clip.new_from_bytes(Vatt.Modality.VIDEO, 1, grid,
                                     front.token_size, None, clip.get_bytes())
    assert not ready.kept() and list(ready.grid()) == grid
    check_equal(embed(Vatt.Modality.VIDEO, Vatt.Output.POOLED, ready)[0],
                found)
    tokens = math.prod(grid)
    clip.drop_tokens(tokens // 2, 1, 2)
    kept = clip.kept()
    assert len(kept) == clip.tokens() == tokens // 2
    half = Vatt.Clip.new_from_bytes(Vatt.Modality.VIDEO, 1, grid,
                                    front.token_size, kept, clip.get_bytes())
    check_equal(embed(Vatt.Modality.VIDEO, Vatt.Output.POOLED, half)[0],
                embed(Vatt.Modality.VIDEO, Vatt.Output.POOLED, clip)[0])
    _, shape = embed(Vatt.Modality.VIDEO, Vatt.Output.TOKENS, clip)
    assert shape == [1, tokens // 2, 128], shape


def check_audio():
    front, patch, grid = front_of(Vatt.Modality.AUDIO)
    params = Vatt.mel_params_init(front.rate_n)
    params.frame, params.hop = front.mel_frame, front.mel_hop
    params.fft, params.bands = front.mel_fft, front.mel_bands
    params.low_hz, params.high_hz = front.mel_low, front.mel_high
    params.scale_clip = True
    mel = Vatt.Mel.new(params)
    tone = [math.sin(i * i / 1e5) for i in range(front.frames * front.mel_hop)]
    spectrogram = mel.compute(tone, front.frames)
    assert len(numbers(spectrogram)) == front.frames * front.mel_bands
    clip = Vatt.Clip.new(Vatt.Modality.AUDIO, 1, grid, front.token_size)
    clip.fill_spectrogram(0, spectrogram, front.frames, front.mel_bands,
                          patch[:2])
    found, _ = embed(Vatt.Modality.AUDIO, Vatt.Output.VA, clip)
    expected, _ = run_tool(
        {"audio": ("F32", [1, front.frames, front.mel_bands, 1],
                   spectrogram.get_data())}, "audio/va")
    check_equal(found, expected)


def check_pictures():
    picture = bytes(range(4 * 2 * 3))
    same = Vatt.resize_bytes(4, 2, GLib.Bytes.new(picture), 4, 2)
    assert same.get_data() == picture
    assert Vatt.resize_shortest(1920, 1080, 224) == (398, 224)
    assert abs(Vatt.SCALE_SYMMETRIC - 2 / 255) < 1e-8
    assert Vatt.OFFSET_SYMMETRIC == -1


def check_refused(code, text, function, *arguments):
    try:
        function(*arguments)
    except GLib.Error as error:
        assert error.matches(Vatt.error_quark(), code), error
        assert text in error.message, error
    else:
        raise AssertionError(f"{function} accepts {arguments}")


def check_errors():
    clip = Vatt.Clip.new(Vatt.Modality.VIDEO, 1, [1, 1, 1], 12)
    short = GLib.Bytes.new(bytes(11))
    check_refused(Vatt.Error.SHAPE, "11 bytes", clip.fill_frame_u8, 0, 0,
                  short, [1, 2, 2], 2, 2)
    check_refused(Vatt.Error.SHAPE, "11 bytes", clip.fill_video, 0, short, 1,
                  2, 2, [1, 2, 2])
    check_refused(Vatt.Error.SHAPE, "11 bytes", Vatt.resize_bytes, 2, 2, short,
                  2, 2)
    check_refused(Vatt.Error.SHAPE, "11 bytes", Vatt.Clip.new_from_bytes,
                  Vatt.Modality.VIDEO, 1, [1, 1, 1], 12, None, short)
    check_refused(Vatt.Error.DEVICE, "'abacus'", Vatt.Device.new, "abacus",
                  None)


def check_config():
    config = Vatt.config_load("ma-base")
    assert sum(row.count for row in config.list_parameters()) > 1e8
    assert "tiny" in Vatt.variant_list()
    assert model.get_n_tensors() > 50
    assert math.prod(model.get_tensor(0).get_shape()) > 0


# What README.md shows.
block, = re.findall(r"^```python\n(.*?)^```",
                    pathlib.Path(readme).read_text(encoding="utf-8"),
                    re.MULTILINE | re.DOTALL)
exec(compile(block, readme, "exec"), {})
check_text()
check_video()
check_audio()
check_pictures()
check_errors()
check_config()
print("Python and the command agree")
