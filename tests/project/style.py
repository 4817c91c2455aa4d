#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""No tabs, no trailing blanks, a newline at the end, a licence line in every source file.

usage: style.py SOURCE_ROOT
"""
import os
import sys

root = sys.argv[1]
wrong = []
seen = 0
for room in ("src", "plugins", "pipelines", "tests", "examples"):
    for folder, folders, files in os.walk(os.path.join(root, room)):
        folders[:] = [f for f in folders if f not in ("__pycache__", "corpus", "golden")]
        for name in files:
            if not name.endswith((".c", ".h", ".py", ".js", ".css", ".html", ".build", ".launch")):
                continue
            path = os.path.join(folder, name)
            shown = os.path.relpath(path, root)
            with open(path, encoding="utf-8") as file:
                text = file.read()
            seen += 1
            if "\t" in text:
                wrong.append(f"{shown}: a tab")
            if any(line != line.rstrip() for line in text.split("\n")):
                wrong.append(f"{shown}: blanks at a line's end")
            if text and not text.endswith("\n"):
                wrong.append(f"{shown}: no newline at the end")
            if name.endswith((".c", ".h")) and "SPDX-License-Identifier: LGPL-2.1-or-later" not in text[:300]:
                wrong.append(f"{shown}: no licence line")
if seen < 20:
    sys.exit(f"only {seen} files seen")
if wrong:
    sys.exit("\n".join(wrong))
