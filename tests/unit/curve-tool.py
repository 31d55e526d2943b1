#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""vatt curve: what it prints, the picture that it draws, what it refuses.

Usage: curve-tool.py VATT
"""
import math
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

ORANGE, BLACK, WHITE = (213, 94, 0), (0, 0, 0), (255, 255, 255)


def vatt(*words):
    return subprocess.run([sys.argv[1], 'curve', *map(str, words)],
                          capture_output=True, text=True)


def read_png(path):
    """Rows of pixels; checks every chunk."""
    data = path.read_bytes()
    assert data[:8] == b'\x89PNG\r\n\x1a\n'
    place, chunks = 8, {}
    while place < len(data):
        size, kind = struct.unpack('>I4s', data[place:place + 8])
        body = data[place + 8:place + 8 + size]
        crc, = struct.unpack('>I', data[place + 8 + size:place + 12 + size])
        assert crc == zlib.crc32(kind + body)
        chunks[kind] = body
        place += 12 + size
    width, height, depth, colours = struct.unpack('>IIBB', chunks[b'IHDR'][:10])
    assert (depth, colours) == (8, 2) and b'IEND' in chunks
    rows = zlib.decompress(chunks[b'IDAT'])
    stride = 1 + 3 * width
    assert len(rows) == height * stride
    return [[tuple(rows[y * stride + 1 + 3 * x:y * stride + 4 + 3 * x])
             for x in range(width)] for y in range(height)]


def check_curves(folder):
    table = folder / 'scalars.csv'
    with table.open('w') as out:
        out.write('step,time,loss,rate,loss/part\n')
        for step in range(200):
            part = '' if step % 7 == 0 else '%g' % (1 + step / 199)
            out.write(f'{step},{step},{2 + 2 * math.exp(-step / 20):g},5,{part}\n')
    picture = folder / 'curve.png'
    done = vatt(folder, '-o', picture)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split('|')[1].startswith('*'), lines[0]
    assert lines[0].split()[0] == '4' and lines[15].split()[0] == '1.005', lines
    assert lines[15].split('|')[1].startswith('a'), lines[15]
    assert '  a loss/part: 1.0' in done.stdout and ' 1.995 at last' in done.stdout
    assert 'rate' not in done.stdout

    pixels = read_png(picture)
    height, width = len(pixels), len(pixels[0])
    assert pixels[2][2] == WHITE
    # Within the axes: the part rises from the bottom, the loss falls to it.
    def middle(x, colour, low=62, high=None):
        ys = [y for y in range(low, high or height - 62) if pixels[y][x] == colour]
        return sum(ys) / len(ys)
    assert middle(80, ORANGE) > middle(width // 2, ORANGE) + 50
    assert middle(70, BLACK) < middle(width // 2, BLACK) - 50

    again = vatt(table, '--tags', 'rate')
    assert again.returncode == 0 and 'rate: 5 at first, 5 at last' in again.stdout


def check_refusals(folder):
    def refuse(why, *words, status=1):
        done = vatt(*words)
        assert done.returncode == status, done
        assert why in done.stderr, done.stderr
    wrong = folder / 'wrong.csv'
    wrong.write_text('time,loss\n1,2\n')
    refuse("the first column is 'time', expected 'step'", wrong)
    wrong.write_text('step,rate\n1,2\n')
    refuse('found columns step, rate, expected loss', wrong)
    refuse('expected none', wrong, '--tags', 'none')
    wrong.write_text('step,loss\n')
    refuse('there is no number to draw in 0 rows', wrong)
    wrong.write_text('step,loss\n1,nan\n2,\n')
    refuse('there is no number to draw in 2 rows', wrong)
    refuse('absent.csv', folder / 'absent.csv')
    refuse('expected a name that ends with .png', wrong, '-o', 'curve.svg', status=2)


with tempfile.TemporaryDirectory() as name:
    check_curves(pathlib.Path(name))
    check_refusals(pathlib.Path(name))
