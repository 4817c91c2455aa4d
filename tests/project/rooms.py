#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rooms keep their boundaries: who includes what, and what lies at the top.

usage: rooms.py SOURCE_ROOT
"""
import glob
import os
import re
import sys

root = sys.argv[1]
top = {"README.md", "LICENSE", "meson.build", "plugins", "pipelines", "src", "tests", "examples"}
# room: patterns of includes that it must not have
never = {
    "src/recognition": r"<(glib|gst|gio|json-glib|libsoup|sqlite3|cairo|gdk)|\"(media|wire|store|stream|daemon|tool)/",
    "src/media": r"<(libsoup|sqlite3)|\"(wire|store|stream|daemon|tool)/",
    "plugins": r"<(libsoup|sqlite3)|\"(wire|store|stream|daemon|tool)/",
    "src/wire": r"<(gst|libsoup)|\"(media|store|stream|daemon|tool|recognition)/",
    "src/store": r"<(gst|libsoup)|\"(media|stream|daemon|tool|recognition)/",
    "src/stream": r"<libsoup|\"(store|daemon|tool)/",
    "src/daemon": r"<(gst|gdk-pixbuf|cairo)|\"(media|stream|tool|recognition)/",
    "src/tool": r"\"daemon/",
}
wrong = [f"{name} at the top" for name in os.listdir(root)
         if name not in top and not name.startswith(".") and not name.startswith("build")]
seen = 0
for room, pattern in never.items():
    for path in glob.glob(os.path.join(root, room, "**", "*.[ch]"), recursive=True):
        seen += 1
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if re.match(r"\s*#\s*include\s+(" + pattern + ")", line):
                    wrong.append(f"{os.path.relpath(path, root)}:{number}: {line.strip()} is not for this room")
if not seen:
    sys.exit("no source seen")
if wrong:
    sys.exit("\n".join(wrong))
