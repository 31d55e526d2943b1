#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Trains a small model from random numbers, in one gst-launch-1.0 line, and
# measures it on clips that it has not seen. Usage: train.sh demo|digits|moves.
#   demo    a talker's mouth, sound and words, in common spaces; without the
#           data set, pictures and sound of a clip from a package of Debian
#   digits  a spoken digit, by sound
#   moves   how a camera moves, by pictures
# Data sets are in $VATT_SHARED_DATA/data (../shared/data). $STEPS is how many
# steps to make. Afterwards $BUILD/train-WHAT has the model, its log and
# curve.png.
set -eu
what=${1:?usage: train.sh demo|digits|moves}
cd "$(dirname "$0")/.."
build=${BUILD:-build}
data=$(realpath -m "${VATT_SHARED_DATA:-../shared}")/data

scripts/setup.sh build run
scripts/build.sh >&2
out=$(realpath -m "$build")/train-$what
rm -rf "$out"
mkdir -p "$out"

# Names and paths are the user's to see, as they would type them.
inside() {
  meson devenv -C "$build" --workdir "$PWD" "$@"
}
show() {
  printf '\n+'
  printf ' %s' "$@"
  printf '\n\n'
}
train() {
  show gst-launch-1.0 "$@"
  begin=$(date +%s)
  inside gst-launch-1.0 -q -e "$@"
  echo
  echo "Trained in $(($(date +%s) - begin)) s, loss by step:"
  inside vatt curve "$out/log" -o "$out/curve.png"
  echo "Picture: $out/curve.png   Model: $out/model.safetensors"
}
need() {
  [ -f "$data/$1/manifest.tsv" ] && return
  echo "train.sh: no data set '$1' in '$data'; VATT_SHARED_DATA names the" \
    'folder above it' >&2
  exit 1
}
# One line for each pair of modalities: R@1, R@10 and chance.
retrieval() {
  for pair in $2; do
    inside vatt eval "$1" "$1" --modality "$pair" --pair "$3" |
      awk -v pair="$pair" '
        $1 == "embd" || $1 == "chance" { first[$1] = $2; ten[$1] = $6 }
        END {
          printf "  %-12s %5s %% %5s %%   by chance %s %% %5s %%\n", pair,
            first["embd"], ten["embd"], first["chance"], ten["chance"]
        }'
  done
}

# ---- a talker ----

# The clips that are held out, and beside each a file with its words.
hold_out() {
  mkdir -p "$out/test"
  awk -F '\t' -v from="$data/grid-talker/" -v to="$out/test/" '
    $5 == "test" {
      name = $1
      sub (/.*\//, "", name)
      print from $1 "\t" to name
      sub (/webm$/, "vtt", name)
      printf "WEBVTT\n\n00:00.000 --> 00:02.560\n%s\n", $4 > (to name)
      close (to name)
    }' "$data/grid-talker/manifest.tsv" |
    while IFS="$(printf '\t')" read -r from to; do ln -s "$from" "$to"; done
}
measure_talker() {
  inside vatt embed "$1" "$out"/test/*.webm --space va --hop 5 \
    -o "$out/va.safetensors"
  inside vatt embed "$1" "$out"/test/* --space vt --hop 5 \
    -o "$out/vt.safetensors"
  echo "Own clip first and among ten, of 100 that were held out: $2"
  retrieval "$out/va.safetensors" 'audio,video video,audio' name
  retrieval "$out/vt.safetensors" 'text,audio text,video' name
}
train_talker() {
  {
    printf '<pad>\n<bos>\n<eos>\n<unk>\n'
    cut -f4 "$data/grid-talker/manifest.tsv" | tail -n +2 | tr ' ' '\n' |
      LC_ALL=C sort -u
  } > "$out/words.txt"
  hold_out
  inside vatt init tiny-talker --seed 1 --vocabulary "$out/words.txt" \
    -o "$out/begin.safetensors"
  measure_talker "$out/begin.safetensors" before
  # Small moves of the mouth, and half a second of where a window begins.
  changes='augment=light augment-settings=changes,colour=0,shift=3
    start-jitter=440000000 hop=5000000000 seed=1'
  # shellcheck disable=SC2086 # a list of words
  train vattdatasetsrc name=s manifest="$data/grid-talker/manifest.tsv" \
    split=train shuffle=true seed=1 epochs=1000 cache-bytes=5000000000 \
    video-caps=video/x-raw,format=RGB,width=112,height=112 \
    audio-caps=audio/x-raw,format=F32LE,rate=16000,channels=1 \
    vatttrainsink name=t model="$out/begin.safetensors" \
    batch-size=64 steps="${STEPS:-800}" seed=1 schedule=half-cosine \
    learning-rate=0.001 warmup-steps=100 clip=1 head-clip=1 dropout=0 \
    drop-rate=0.25 weight-audio-text=1 log-dir="$out/log" progress=true \
    output="$out/model.safetensors" \
    s.video ! vattvideotok $changes ! t.video_0 \
    s.audio ! vattaudiotok $changes ! t.audio_0 \
    s.text ! vatttexttok ! t.text_0
  measure_talker "$out/model.safetensors" after
}

# ---- without any data set ----

measure_clip() {
  inside vatt embed "$1" "$clip" --modality video,audio --space va --hop 0.2 \
    -o "$out/va.safetensors"
  echo "Own window first and among ten, of those that it learns from: $2"
  retrieval "$out/va.safetensors" 'audio,video video,audio' time
}
train_clip() {
  clip=$(scripts/media.sh "$build/demo/media" speech)
  echo "No data set in '$data': learning $clip by heart, pictures and sound."
  clip=$(realpath "$clip")
  printf 'path\tstart\tend\tlabel\tsplit\n%s\t0\t0\t\ttrain\n' "$clip" \
    > "$out/clip.tsv"
  inside vatt init tiny-talker --seed 1 -o "$out/begin.safetensors"
  measure_clip "$out/begin.safetensors" before
  changes='augment=light hop=100000000 seed=1 tail=drop'
  # shellcheck disable=SC2086 # a list of words
  train vattdatasetsrc name=s manifest="$out/clip.tsv" epochs=1000 \
    cache-bytes=2000000000 max-clip-bytes=2000000000 \
    vatttrainsink name=t model="$out/begin.safetensors" \
    batch-size=32 steps="${STEPS:-300}" seed=1 schedule=half-cosine \
    learning-rate=0.001 warmup-steps=20 clip=1 head-clip=1 dropout=0 \
    drop-rate=0.25 weight-video-text=0 log-dir="$out/log" progress=true \
    output="$out/model.safetensors" \
    s.video ! vattvideotok $changes ! t.video_0 \
    s.audio ! vattaudiotok $changes ! t.audio_0
  measure_clip "$out/model.safetensors" after
}

# ---- classes ----

name_classes() {
  cut -f4 "$data/$1/manifest.tsv" | tail -n +2 | LC_ALL=C sort -u \
    > "$out/labels.txt"
}
# The label of each clip of the split test, and what the model calls it.
classify() {
  set_name=$1 pad=$2
  shift 2
  inside gst-launch-1.0 -q vattdatasetsrc name=s split=test \
    manifest="$data/$set_name/manifest.tsv" \
    s."$pad" ! queue ! "vatt${pad}tok" "$@" hop=5000000000 ! \
    vattencoder model="$out/model.safetensors" ! \
    vattclassifier labels-file="$out/labels.txt" ! application/x-json ! \
    filesink location="$out/test.json" >&2
  awk -F '\t' '$5 == "test" { print $4 }' "$data/$set_name/manifest.tsv" \
    > "$out/expected"
  sed 's/.*"label":"\([^"]*\)".*/\1/' "$out/test.json" > "$out/found"
  paste "$out/expected" "$out/found"
}
share() {
  awk -F '\t' -v what="$1" '{ n++; good += $1 == $2 }
    END { printf "%s: %d of %d, %.1f %%\n", what, good, n, 100 * good / n }'
}
train_digits() {
  need spoken-digits
  name_classes spoken-digits
  train vattdatasetsrc name=s manifest="$data/spoken-digits/manifest.tsv" \
    split=train shuffle=true seed=1 epochs=1000 cache-bytes=200000000 \
    s.audio ! vattaudiotok augment-settings=changes,gain=0.7,place=1 seed=1 \
    hop=5000000000 ! t.audio_0 \
    vatttrainsink name=t variant=tiny-digits initial-seed=1 \
    labels-file="$out/labels.txt" task=audio mixup=0 smoothing=0.1 \
    batch-size=64 reservoir-size=512 steps="${STEPS:-1000}" seed=1 \
    optimiser=adam weight-decay=0.00005 learning-rate=0.001 warmup-steps=100 \
    clip=1 head-clip=1 dropout=0.1 drop-rate=0.25 log-dir="$out/log" \
    progress=true \
    output="$out/model.safetensors"
  classify spoken-digits audio | share 'Right, of clips that were held out'
}
train_moves() {
  need camera-moves
  name_classes camera-moves
  turned='tilt_up=tilt_down,zoom_in=zoom_out,pan_left=pan_right'
  roll='roll_clockwise=roll_anticlockwise'
  train vattdatasetsrc name=s manifest="$data/camera-moves/manifest.tsv" \
    split=train shuffle=true seed=1 epochs=1000 cache-bytes=1000000000 \
    video-caps=video/x-raw,format=RGB,width=64,height=64 \
    s.video ! vattvideotok seed=1 hop=5000000000 \
    augment-settings=changes,flip=0.5,flip-vertical=0.5,reverse=0.5 ! \
    t.video_0 \
    vatttrainsink name=t variant=tiny-moves initial-seed=1 \
    labels-file="$out/labels.txt" task=video head-dropout=0 dropout=0 \
    exchange-mirrored="pan_left=pan_right,$roll" \
    exchange-mirrored-vertically="tilt_up=tilt_down,$roll" \
    exchange-reversed="$turned,$roll" \
    batch-size=64 reservoir-size=512 steps="${STEPS:-600}" seed=1 \
    optimiser=adam weight-decay=0.00005 learning-rate=0.001 warmup-steps=100 \
    clip=1 head-clip=1 drop-rate=0.5 log-dir="$out/log" progress=true \
    output="$out/model.safetensors"
  classify camera-moves video | share 'Right, of clips that were held out'
  classify camera-moves video augment-settings=changes,reverse=1 |
    awk -F '\t' -v OFS='\t' -v pairs="$turned,$roll" '
      BEGIN {
        n = split (pairs, pair, ",")
        for (i = 1; i <= n; i++) {
          split (pair[i], name, "=")
          opposite[name[1]] = name[2]
          opposite[name[2]] = name[1]
        }
      }
      $1 in opposite { print opposite[$1], $2 }' |
    share 'Called the opposite, of these played backwards'
}

case $what in
  demo)
    if [ -f "$data/grid-talker/manifest.tsv" ]; then
      train_talker
    else
      train_clip
    fi
    ;;
  digits) train_digits ;;
  moves) train_moves ;;
  *)
    echo "train.sh: '$what', expected demo, digits or moves" >&2
    exit 2
    ;;
esac
