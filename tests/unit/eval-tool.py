#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `vatt eval` on files made here: which windows it pairs, what it measures, and
# what it refuses with one line and status 1 or 2. Usage: eval-tool.py VATT
import json
import os
import struct
import subprocess
import sys
import tempfile

vatt = os.path.abspath(sys.argv[1])


def table(name, rows):
    """Rows: file, modality, start, end, vector."""
    with open(name, 'w', encoding='utf-8') as file:
        for path, modality, start, end, vector in rows:
            print(path, modality, start, end, *vector, sep='\t', file=file)


def tensors(name, rows, metadata, drop=()):
    """The same rows as safetensors, each file and modality together."""
    entries = {}
    for path, modality, start, end, vector in rows:
        entry = entries.setdefault(f'{path}/{modality}', ([], [], []))
        for values, value in zip(entry, (start, end, vector)):
            values.append(value)
    header, data = {'__metadata__': metadata}, b''

    def add(tensor, dtype, shape, raw):
        nonlocal data
        if tensor not in drop:
            header[tensor] = {'dtype': dtype, 'shape': shape,
                              'data_offsets': [len(data), len(data) + len(raw)]}
            data += raw
    for tensor, (starts, ends, _) in entries.items():
        for suffix, times in ('.start', starts), ('.end', ends):
            add(tensor + suffix, 'F64', [len(times)],
                struct.pack(f'<{len(times)}d', *times))
    for tensor, (_, _, vectors) in entries.items():
        flat = [value for vector in vectors for value in vector]
        add(tensor, 'F32', [len(vectors), len(vectors[0])],
            struct.pack(f'<{len(flat)}f', *flat))
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(name, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text + data)


def run(*arguments):
    return subprocess.run([vatt, 'eval', *arguments], capture_output=True,
                          text=True, check=False)


def measured(*arguments):
    done = run(*arguments, '--json')
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(status, reason, *arguments):
    done = run(*arguments)
    assert done.returncode == status, (arguments, done)
    assert reason in done.stderr, (reason, done.stderr)
    assert done.stderr.count('\n') == (1 if status == 1 else 2), done.stderr


def check_names():
    # Item a has two windows whose mean, but none of which alone, is like the
    # query's; b's sentence is like c; d has no video.
    table('text.tsv', [('s/a.vtt', 'text', 0, 1, (1, 1)),
                       ('s/b.vtt', 'text', 0, 1, (1, -1)),
                       ('s/d.vtt', 'text', 0, 1, (1, 0)),
                       ('s/d.vtt', 'text', 1, 2, (1, 0))])
    table('video.tsv', [('s/a.mp4', 'video', 0, 1, (9, 0)),
                        ('s/b.mp4', 'video', 0, 1, (0, -1)),
                        ('s/c.mp4', 'video', 0, 1, (1, -1)),
                        ('s/a.mp4', 'video', 1, 2, (0, 9)),
                        ('s/b.mp4', 'audio', 0, 1, (0, 5, 5))])
    found = measured('text.tsv', 'video.tsv', '--modality', 'text,video')
    assert (found['queries'], found['items'], found['left_out']) == (2, 3, 1)
    assert found['embd'] == {'r1': 0.5, 'r5': 1, 'r10': 1,
                             'median_rank': 1.5}, found
    # a: both windows at 45 degrees: still first; b: c is first.
    assert found['cosine']['median_rank'] == 1.5, found
    assert found['chance'] == {'r1': 1 / 3, 'r5': 1, 'r10': 1,
                               'median_rank': 2}, found
    refused(1, 'has video and audio', 'text.tsv', 'video.tsv')
    refused(1, 'of 2 numbers, \'video.tsv\' of 3', 'text.tsv', 'video.tsv',
            '--modality', 'text,audio')
    refused(1, 'no embeddings of text', 'video.tsv', 'video.tsv',
            '--modality', 'text')


def check_times():
    rows = [('x.mp4', 'video', t, t + 2, (1, t)) for t in range(5)]
    rows += [('x.mp4', 'audio', t + 0.25, t + 2.25, (1, t)) for t in range(5)]
    rows += [('x.mp4', 'audio', 50, 52, (1, 0)),
             ('y.mp4', 'audio', 0, 2, (1, 0))]
    metadata = {'vatt.space': 'va', 'vatt.model-id': 'm'}
    tensors('x.safetensors', rows, metadata)
    found = measured('x.safetensors', 'x.safetensors', '--pair=time',
                     '--modality=audio,video')
    assert (found['queries'], found['items'], found['left_out']) == (5, 5, 2)
    assert found['embd']['r1'] == 1 and found['embd']['median_rank'] == 1
    # Moved by a window, every own item is another: (1, t) by (1, t + 1).
    moved = [(p, m, s + (m == 'audio'), e + (m == 'audio'), v)
             for p, m, s, e, v in rows if p == 'x.mp4' and s < 4]
    tensors('moved.safetensors', moved, metadata)
    found = measured('moved.safetensors', 'x.safetensors', '--pair=time',
                     '--modality=audio,video')
    assert found['embd']['r1'] == 0 and found['embd']['median_rank'] == 2
    tensors('other.safetensors', rows, metadata | {'vatt.space': 'vt'})
    refused(1, "of space 'va', items of 'vt'", 'x.safetensors',
            'other.safetensors', '--modality=audio,video')
    tensors('endless.safetensors', rows, metadata, drop=['x.mp4/video.end'])
    refused(1, "no 'x.mp4/video.end'", 'endless.safetensors',
            'x.safetensors', '--modality=video')
    table('far.tsv', [('far/x.mp4', 'video', 0, 1, (1, 0))])
    refused(1, "query is of 'far/x.mp4'", 'far.tsv', 'x.safetensors',
            '--modality=video')


LABELS = 'no', 'perhaps', 'yes'


def check_probe():
    os.mkdir('set')
    rows, lines = [], ['path\tstart\tend\tlabel\tsplit\tkind']
    for i in range(36):
        label, split = i % 3, ('train', 'train', 'test')[i // 3 % 3]
        path = f'c{i // 2}.mp4'
        start = i % 2 * 4
        lines.append(f'{path}\t{start}\t{start + 4}\t{LABELS[label]}\t{split}'
                     f'\tk{i // 18}')
        for window in range(2):
            noise = (i * 7 + window * 3) % 5 / 10
            vector = [noise, 1 - noise, 5]
            vector[label % 2] += 2 * (label > 0)
            vector[2] -= 2 * (label == 0)
            rows.append(('set/' + path, 'video', start + 2 * window,
                         start + 2 * window + 2, vector))
    lines.append('gone.mp4\t0\t0\tyes\ttrain\tk0')
    with open('set/manifest.tsv', 'w', encoding='utf-8') as file:
        file.write('\n'.join(lines) + '\n')
    table('features.tsv', rows)
    command = 'features.tsv', '--manifest', 'set/manifest.tsv'
    found = measured(*command)
    assert found['labels'] == list(LABELS)
    assert found['held_out'] and found['left_out'] == 1, found
    clips = {split: found[split]['clips'] for split in ('train', 'val', 'test')}
    assert clips == {'train': 21, 'val': 3, 'test': 12}, clips
    assert found['test']['windows'] == 24
    assert found['test']['top1'] == 1 and found['test']['map'] == 1, found
    assert found['test']['d_prime'] is None  # infinite
    assert found['test']['confusion'] == [[4, 0, 0], [0, 4, 0], [0, 0, 4]]
    assert found['gradient'] <= 1e-6
    fixed = measured(*command, '--penalty', '0.5', '--label-column', 'kind')
    assert fixed['labels'] == ['k0', 'k1'] and fixed['l2'] == 0.5
    assert 'val' not in fixed and not fixed['held_out']
    text = run(*command).stdout
    assert 'val is every fifth' in text and 'inf' in text, text
    refused(1, "'text.tsv' has no window of a clip with a label in split "
            "'train'", 'text.tsv', '--manifest', 'set/manifest.tsv')


def check_refusals():
    refused(2, '1 file without --manifest', 'text.tsv')
    refused(2, '--pair goes without', 'text.tsv', '--manifest=x', '--pair=name')
    refused(2, "pair 'space'", 'text.tsv', 'text.tsv', '--pair=space')
    refused(2, "modality 'text,text,text'", 'text.tsv', 'text.tsv',
            '--modality=text,text,text')
    refused(2, "penalty '-1'", 'text.tsv', '--manifest=x', '--penalty=-1')
    refused(1, '.tsv or .safetensors', 'text.npy', 'text.tsv')
    for name, line, reason in (
            ('short', 'a.mp4\tvideo\t0\t1\n', 'line 1'),
            ('kind', 'a.mp4\tsmell\t0\t1\t1\n', "'smell', expected video"),
            ('time', 'a.mp4\tvideo\t2\t1\t1\n', 'begins and ends'),
            ('nan', 'a.mp4\tvideo\t0\t1\t1\tnan\n', "'nan', expected a finite"),
            ('wide', 'a\tvideo\t0\t1\t1\na\tvideo\t1\t2\t1\t2\n',
             'line 2: an embedding of 2 numbers, expected 1'),
            ('empty', '', 'no embeddings')):
        with open(name + '.tsv', 'w', encoding='utf-8') as file:
            file.write(line)
        refused(1, reason, name + '.tsv', 'text.tsv')


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    check_names()
    check_times()
    check_probe()
    check_refusals()
