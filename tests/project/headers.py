#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every header compiles alone.

usage: headers.py SOURCE_ROOT BUILD_ROOT
"""
import glob
import os
import subprocess
import sys
import tempfile

root, build = sys.argv[1:3]
packages = ["gstreamer-1.0", "gstreamer-base-1.0", "gstreamer-video-1.0", "json-glib-1.0", "gio-unix-2.0",
            "libsoup-3.0", "sqlite3", "gdk-pixbuf-2.0", "pangocairo", "libzstd"]
flags = subprocess.run(["pkg-config", "--cflags", *packages], check=True, capture_output=True, text=True).stdout.split()
headers = [h for room in ("src", "plugins", "examples") for h in glob.glob(os.path.join(root, room, "**", "*.h"), recursive=True)]
if not headers:
    sys.exit("no header found")
failed = []
for header in sorted(headers):
    with tempfile.NamedTemporaryFile("w", suffix=".c") as source:
        source.write(f'#include "{header}"\ntypedef int not_empty;\n')
        source.flush()
        command = ["cc", "-std=gnu11", "-fsyntax-only", "-Wall", "-Werror", "-D_GNU_SOURCE", "-I", os.path.join(root, "src"),
                   "-I", os.path.join(root, "plugins"), "-I", os.path.dirname(header), "-I", os.path.join(build, "src"),
                   *flags, source.name]
        if "/kernels/" in header:
            command[1:1] = ["-mavx2", "-mpopcnt"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            failed.append(f"{header}:\n{done.stderr}")
if failed:
    sys.exit("\n".join(failed))
