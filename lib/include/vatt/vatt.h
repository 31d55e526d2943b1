/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All of libvatt's public interface. See session.h for an example. */
#pragma once

#include <vatt/audio.h>
#include <vatt/augment.h>
#include <vatt/bytes.h>
#include <vatt/captions.h>
#include <vatt/checkpoints.h>
#include <vatt/clip.h>
#include <vatt/config.h>
#include <vatt/device.h>
#include <vatt/error.h>
#include <vatt/eventlog.h>
#include <vatt/file.h>
#include <vatt/manifest.h>
#include <vatt/mel.h>
#include <vatt/metrics.h>
#include <vatt/modality.h>
#include <vatt/model.h>
#include <vatt/npy.h>
#include <vatt/objective.h>
#include <vatt/probe.h>
#include <vatt/reservoir.h>
#include <vatt/resize.h>
#include <vatt/scores.h>
#include <vatt/session.h>
#include <vatt/tensorfile.h>
#include <vatt/trainer.h>
#include <vatt/words.h>
