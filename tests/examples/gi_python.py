# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A Python that can import GStreamer and numpy. The one that runs the tests may
# be another: distributions keep such modules with the interpreter of their own.
import subprocess
import sys

MODULES = ("import numpy, gi; gi.require_version('Gst', '1.0'); "
           "gi.require_version('GstApp', '1.0'); "
           "from gi.repository import Gst, GstApp")


def find():
    """Its path. Without one the test is skipped, which is said."""
    tried = [sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"]
    for python in tried:
        try:
            result = subprocess.run([python, "-c", MODULES], timeout=60,
                                    capture_output=True)
        except OSError:
            continue
        if result.returncode == 0:
            return python
    print(f"SKIP: none of {', '.join(tried)} can import numpy, Gst and GstApp; "
          "scripts/setup.sh test installs them")
    sys.exit(77)
