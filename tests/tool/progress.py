#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Long work shows its progress on a terminal, and takes the line away before it prints the result.

The clip comes through a FIFO, a piece at a time, until progress has been shown; then the rest.
usage: progress.py LINCE MAKE_CLIP
"""
import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time

lince, make_clip = sys.argv[1:]
folder = tempfile.mkdtemp(prefix="lince-test-")
environment = dict(os.environ, LINCE_CACHE_DIR=os.path.join(folder, "cache"), LC_ALL="C.UTF-8")
deadline = time.monotonic() + 50
shown = b""


def read_terminal(terminal, seconds):
    """What has been printed since; None at the end."""
    if not select.select([terminal], [], [], seconds)[0]:
        return b""
    try:
        return os.read(terminal, 65536) or None
    except OSError:  # how Linux says that nobody has the terminal open any more
        return None


try:
    subprocess.run([make_clip, folder], check=True)
    fifo = os.path.join(folder, "fifo.ts")
    os.mkfifo(fifo)
    with open(os.path.join(folder, "clip.ts"), "rb") as file:
        clip = file.read()
    terminal, slave = pty.openpty()
    process = subprocess.Popen([lince, "scan", "--collection", os.path.join(folder, "collection"), fifo],
                               stdin=slave, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    with open(fifo, "wb", buffering=0) as writer:
        step, at = len(clip) // 100, 0
        while at < len(clip) and time.monotonic() < deadline:
            if b"scanning: " in shown:
                step = len(clip)
            at += writer.write(clip[at:at + step])
            shown += read_terminal(terminal, 0.05) or b""
    while time.monotonic() < deadline:
        more = read_terminal(terminal, 0.2)
        if more is None:
            break
        shown += more
    status = process.wait(max(1, deadline - time.monotonic()))
finally:
    shutil.rmtree(folder)

if status != 0:
    sys.exit(f"exit status {status}: {shown!r}")
if b"scanning: " not in shown:
    sys.exit(f"no progress was shown: {shown!r}")
last = shown.rindex(b"scanning: ")
if b"\r\x1b[K" not in shown[last:shown.index(b"object")]:
    sys.exit(f"the line of progress was left standing: {shown!r}")
if b"poster.a" not in shown[last:]:
    sys.exit(f"the result is missing: {shown!r}")
