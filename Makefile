# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Short names for the scripts; Meson builds. `make help` lists them.
.POSIX:
.PHONY: all build test test-debian13 soak demo live-demo train-demo \
  train-digits train-moves bench fuzz clean help

# The folder that everything is built in.
BUILD = build
# How many times as long as the tests `make soak` runs.
TIMES = 34
# What `make demo` plays; empty for a clip that it fetches.
FILE =
# Folder whose data/ has the data sets, unless VATT_SHARED_DATA names it; steps
# of a training, empty for as many as each has.
SHARED = ../shared
STEPS =

all: build

build:
	@BUILD='$(BUILD)' scripts/build.sh

test:
	@BUILD='$(BUILD)' scripts/test.sh

test-debian13:
	@BUILD='$(BUILD)' scripts/test-debian13.sh

soak:
	@BUILD='$(BUILD)' TIMES='$(TIMES)' scripts/soak.sh

demo:
	@BUILD='$(BUILD)' FILE='$(FILE)' scripts/demo.sh

live-demo:
	@BUILD='$(BUILD)' scripts/live-demo.sh

train-demo train-digits train-moves:
	@BUILD='$(BUILD)' VATT_SHARED_DATA="$${VATT_SHARED_DATA:-$(SHARED)}" \
	  STEPS='$(STEPS)' scripts/train.sh '$(@:train-%=%)'

bench:
	@BUILD='$(BUILD)' scripts/bench.sh

fuzz:
	@BUILD='$(BUILD)' scripts/fuzz.sh

clean:
	rm -rf '$(BUILD)'

help:
	@echo 'make build          install what the build needs and build into $(BUILD)/'
	@echo 'make test           build and run every test; the last line counts them'
	@echo 'make test-debian13  the same on Debian 13, in a folder of its own; as root'
	@echo 'make soak           the tests of hard use for the better part of an hour'
	@echo 'make demo           embed a short clip, draw how its parts resemble each other'
	@echo 'make demo FILE=…    the same for a clip of yours'
	@echo 'make live-demo      labels on a live picture, drawn and photographed, in 25 s'
	@echo 'make train-demo     learn picture, sound and words of a talker, in minutes'
	@echo 'make train-digits   learn spoken digits; needs the data sets, as the next'
	@echo 'make train-moves    learn how a camera moves'
	@echo 'make bench          measure the speed on this machine'
	@echo 'make fuzz           feed random bytes to every reader of files, a minute each'
	@echo 'make clean          remove $(BUILD)/'
