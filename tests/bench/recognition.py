#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What recognition costs and how late its events are: 1080p25, 100 references, on a programme drawn for it.

Prints milliseconds by stage, then the way from the frame to ten clients' hands.
usage: recognition.py LINCE LINCE_PROGRAMME
"""
import os
import subprocess
import sys
import tempfile

lince, programme = (os.path.abspath(path) for path in sys.argv[1:])
with tempfile.TemporaryDirectory(prefix="lince-bench-") as folder:
    subprocess.run([programme, "--output", folder, "--seconds", "16", "--width", "1920", "--height", "1080",
                    "--kind", "random", "--references", "100", "--objects", "12"], check=True, stdout=subprocess.DEVNULL)
    clip, collection = os.path.join(folder, "programme.ts"), os.path.join(folder, "collection")
    subprocess.run([lince, "bench", "--collection", collection, "--threads", "1", clip], check=True)
    print(flush=True)
    subprocess.run([lince, "bench", "latency", "--collection", collection, "--seconds", "20", clip], check=True)
