#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The help of `lince` and of all its commands is the one written down in help.txt.

usage: help.py [--update] LINCE HELP.TXT

--update writes the file anew, after a change of the help that was meant.
"""
import difflib
import os
import re
import subprocess
import sys

arguments = sys.argv[1:]
update = arguments[:1] == ["--update"]
lince, snapshot = arguments[-2:]
environment = dict(os.environ, LC_ALL="C.UTF-8", LANGUAGE="C")


def ask(*words):
    run = subprocess.run([lince, *words, "--help"], env=environment, capture_output=True, text=True, timeout=60)
    if run.returncode != 0 or run.stderr:
        sys.exit(f"lince {' '.join(words)} --help: exit status {run.returncode}: {run.stderr}")
    return f"$ lince {' '.join(words + ('--help',))}\n{run.stdout}\n"


main = ask()
commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?)  +[A-Z]", main.split("\nCommands:\n")[1].split("\n\n")[0], re.M)
if len(commands) < 5:
    sys.exit(f"only {len(commands)} commands are listed")
text = "\n".join(line.rstrip() for line in (main + "".join(ask(*name.split()) for name in commands)).split("\n"))
if update:
    with open(snapshot, "w", encoding="utf-8") as file:
        file.write(text)
    sys.exit()
with open(snapshot, encoding="utf-8") as file:
    written = file.read()
if text != written:
    sys.stdout.writelines(difflib.unified_diff(written.splitlines(True), text.splitlines(True), "help.txt", "lince"))
    sys.exit("the help differs from help.txt; if that was meant: tests/tool/help.py --update LINCE HELP.TXT")
