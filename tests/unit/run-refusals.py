#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What `vatt run` must refuse: inputs that no tower can read, and weights off
# their places, end it with status 1 and a line that says why. Usage: run-refusals.py VATT
import json
import os
import struct
import subprocess
import sys
import tempfile

IDS = struct.pack('<4i', 1, 2, 3, 0)
SOUND = bytes(8 * 80 * 4)  # two tokens

# What the file holds, bytes before the first tensor that are one too many,
# and what the message must say.
CASES = [
    ({'text': ('I32', [1, 4], IDS), 'text_keep': ('I32', [2], IDS[:8])}, 0,
     'words cannot be dropped'),
    ({'audio': ('F32', [1, 8, 80, 1], SOUND),
      'audio_keep': ('I32', [3], IDS[:12])}, 0, 'keeps 3 tokens of 2'),
    ({'audio': ('F32', [1, 8, 80, 1], SOUND),
      'audio_keep': ('I32', [2], IDS[:8])}, 0, 'keeps token 2 of 2'),
    ({'audio': ('F32', [1, 8, 80, 1], SOUND)}, 1,
     'does not begin at a multiple of 4 bytes'),
    ({'audio': ('F32', [1, 8, 40, 2], SOUND)}, 0, 'one channel'),
    ({'sound': ('F32', [1, 8, 80, 1], SOUND)}, 0, "no tensor 'video'"),
]


def write(path, tensors, shift):
    header, data = {}, b''
    for name, (dtype, shape, values) in tensors.items():
        header[name] = {'dtype': dtype, 'shape': shape,
                        'data_offsets': [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8 + shift)
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text + data)


def refused(vatt, model, source, result, reason):
    done = subprocess.run(
        [vatt, 'run', model, '--in', source, '--out', result],
        capture_output=True, text=True, check=False)
    assert done.returncode == 1, (reason, done.returncode, done.stderr)
    assert reason in done.stderr, (reason, done.stderr)
    assert done.stderr.count('\n') == 1, done.stderr
    assert not os.path.exists(result), reason


with tempfile.TemporaryDirectory() as folder:
    model, source, result = (os.path.join(folder, name + '.safetensors')
                             for name in ('model', 'in', 'out'))
    subprocess.run([sys.argv[1], 'init', 'tiny', '-o', model], check=True)
    for tensors, shift, reason in CASES:
        write(source, tensors, shift)
        refused(sys.argv[1], model, source, result, reason)

    # A header one byte longer moves every tensor.
    with open(model, 'rb') as file:
        size, = struct.unpack('<Q', file.read(8))
        header, data = file.read(size), file.read()
    with open(model, 'wb') as file:
        file.write(struct.pack('<Q', size + 1) + header + b' ' + data)
    write(source, {'text': ('I32', [1, 4], IDS)}, 0)
    refused(sys.argv[1], model, source, result,
            "' does not begin at a multiple of 4 bytes")
