#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The vatt command on Vulkan: what it lists, measures and computes, and what it
# says where there is no driver, no room, or somebody else at the same time.
# Usage: tool.py VATT
import json
import os
import struct
import subprocess
import sys
import tempfile

VATT = sys.argv[1]
TOKENS = 8


def vatt(*words, **variables):
    return subprocess.run([VATT, *words], capture_output=True, text=True, check=False, env={**os.environ, **variables})


def start(*words, **variables):
    return subprocess.Popen([VATT, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, **variables})


def write_sound(path):
    """Frames of 80 bands: TOKENS tokens of tiny's sound."""
    values = [((i * 37) % 101) / 50 - 1 for i in range(TOKENS * 4 * 80)]
    header = json.dumps({'audio': {'dtype': 'F32', 'shape': [1, TOKENS * 4, 80, 1],
                                   'data_offsets': [0, 4 * len(values)]}}).encode()
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(header)) + header + struct.pack(f'<{len(values)}f', *values))


def read_values(path):
    with open(path, 'rb') as file:
        size, = struct.unpack('<Q', file.read(8))
        header, data = json.loads(file.read(size)), file.read()
    begin, end = header['audio/pooled']['data_offsets']
    return struct.unpack(f'<{(end - begin) // 4}f', data[begin:end])


def fails(result, *texts):
    assert result.returncode == 1, (result.returncode, result.stdout, result.stderr)
    assert result.stderr.count('\n') == 1, result.stderr
    for text in texts:
        assert text in result.stderr, (text, result.stderr)


def check_devices():
    rows = [json.loads(line) for line in vatt('devices', '--json').stdout.splitlines()]
    found = {row['name']: row for row in rows}
    assert found['cpu']['kind'] == 'processor'
    for name in ('cpu', 'vulkan:0'):
        assert found[name]['gemm_gflop_per_s'] > 0 and found[name]['copy_gb_per_s'] > 0, found[name]
    row = json.loads(vatt('devices', '--json', '--no-measure', VATT_VULKAN_MASK='bindings=4').stdout.splitlines()[1])
    assert 'bind 4 buffers, expected 8 or more' in row['problem'], row
    row = json.loads(vatt('devices', '--json', '--no-measure', **NO_DRIVER).stdout.splitlines()[1])
    assert 'driver' in row['problem'], row


def check_bench():
    result = json.loads(vatt('bench', 'tiny', '--device', 'vulkan', '--runs', '1', '--json').stdout)
    assert result['device'] == 'vulkan:0'
    assert all(op['seconds'] > 0 and op['bytes'] > 0 for op in result['ops']), result['ops']
    table = vatt('bench', 'tiny', '--device', 'vulkan', '--runs', '1', '--roofline').stdout
    assert 'FLOP/byte' in table and 'of products' in table and 'of copies' in table, table


def check_refusals():
    fails(vatt('bench', 'tiny', '--device', 'vulkan', **NO_DRIVER), 'vulkan', 'driver')
    fails(vatt('bench', 'tiny', '--device', 'vulkan', VATT_VULKAN_MASK='allocation=1000000'),
          'bytes of weights', 'allocates at most 1000000 at once')
    fails(vatt('bench', 'tiny', '--device', 'cpu', '--weights', 'bf16'), 'only Vulkan devices')


def check_two_at_once(folder, run):
    """Two processes without a cache, then with a folder that cannot be written: results as from the processor."""
    results = [os.path.join(folder, name) for name in ('cpu.st', 'one.st', 'two.st', 'three.st')]
    assert vatt(*run, '--out', results[0], '--device', 'cpu').returncode == 0
    cold = os.path.join(folder, 'cold')
    both = [start(*run, '--out', results[i], '--device', 'vulkan', XDG_CACHE_HOME=cold) for i in (1, 2)]
    for process in both:
        _, said = process.communicate()
        assert process.returncode == 0, said
    assert len(os.listdir(os.path.join(cold, 'vatt'))) == 1
    result = vatt(*run, '--out', results[3], '--device', 'vulkan', XDG_CACHE_HOME='/proc/none')
    assert result.returncode == 0, result.stderr
    expected, *found = (read_values(path) for path in results)
    for values in found:
        assert len(values) == len(expected)
        assert max(abs(a - b) for a, b in zip(values, expected)) < 1e-4 * max(map(abs, expected))
    assert found[0] == found[1] == found[2]


NO_DRIVER = {'VK_ICD_FILENAMES': '/none.json', 'VK_DRIVER_FILES': '/none.json'}

if vatt('bench', 'tiny', '--device', 'vulkan', '--runs', '1').returncode:
    print('SKIP: there is no Vulkan device')
    sys.exit(1 if os.environ.get('VATT_REQUIRE_VULKAN') else 77)
check_devices()
check_bench()
check_refusals()
with tempfile.TemporaryDirectory() as scratch:
    model, source = os.path.join(scratch, 'tiny.safetensors'), os.path.join(scratch, 'in.st')
    write_sound(source)
    assert vatt('init', 'tiny', '-o', model).returncode == 0
    check_two_at_once(scratch, ('run', model, '--in', source))
