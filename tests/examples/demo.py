#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/demo on a small programme: address, events, summary; Ctrl-C; a failure where nothing is recognised;
and nothing left, no process and no folder.

usage: demo.py SOURCE_ROOT BUILD_ROOT LINCE_PROGRAMME
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

source, build, program = sys.argv[1:4]


def make(folder, *options):
    subprocess.run([program, "--output", folder, "--width", "640", "--height", "360", "--seconds", "8", *options],
                   check=True, stdout=subprocess.DEVNULL, timeout=100)


def start(temporary, *arguments):
    environment = {**os.environ, "LINCE_BUILD": build, "TMPDIR": temporary}
    return subprocess.Popen([f"{source}/examples/demo", *arguments], env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, start_new_session=True)


def check_nothing_left(temporary):
    left = subprocess.run(["pgrep", "-fa", re.escape(temporary)], capture_output=True, text=True).stdout.splitlines()
    left = [line for line in left if str(os.getpid()) != line.split()[0]]
    assert not left, f"still running: {left}"
    assert not os.listdir(temporary), f"still there: {os.listdir(temporary)}"


with tempfile.TemporaryDirectory() as base:
    shown, empty, temporary = (os.path.join(base, name) for name in ("shown", "empty", "t"))
    os.mkdir(temporary)
    make(shown)
    make(empty, "--kind", "empty")
    video, collection = f"{shown}/programme.ts", f"{shown}/collection"

    demo = start(temporary, "--seconds", "15", video, collection)
    said, _ = demo.communicate(timeout=150)
    assert demo.returncode == 0, said
    assert re.search(r"^Console: http://127\.0\.0\.1:\d+/$", said, re.M), said
    events, summary = said.split("After 15 seconds:")
    assert "appeared" in events and "vanished" in events, said
    assert "poster" in summary and "mark" in summary, said
    check_nothing_left(temporary)

    demo = start(temporary, "--seconds", "6", f"{empty}/programme.ts", collection)
    said, _ = demo.communicate(timeout=150)
    assert demo.returncode == 1 and "nothing was recognised" in said, said
    check_nothing_left(temporary)

    demo = start(temporary, video, collection)
    for line in demo.stdout:
        if "appeared" in line:
            break
    begun = time.monotonic()
    os.killpg(demo.pid, signal.SIGINT)
    said, _ = demo.communicate(timeout=60)
    assert demo.returncode == 130, f"{demo.returncode}: {said}"
    assert time.monotonic() - begun < 30, "Ctrl-C took too long"
    check_nothing_left(temporary)

    wrong = subprocess.run([f"{source}/examples/demo", "/no/such/file"], capture_output=True, text=True, timeout=60)
    assert wrong.returncode == 1 and "/no/such/file" in wrong.stderr, wrong
