#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`lince bench latency` measures the whole way with the real programs and leaves nothing behind. No thresholds here."""
import glob
import json
import os
import subprocess
import tempfile

from machine import programme

PARTS = {"moved": ("recognise", "bus", "socket", "send"), "appeared": ("recognise", "bus", "socket", "log", "send")}
folder = programme("small", "--width", "480", "--height", "270", "--seconds", "8", "--kind", "random", "--references", "6",
                   "--objects", "4")
with tempfile.TemporaryDirectory(prefix="lince-latency-test-") as temporary:
    run = subprocess.run(["lince", "bench", "latency", "--json", "--seconds", "6", "--clients", "3", "--collection",
                          folder + "/collection", folder + "/programme.ts"], env=dict(os.environ, TMPDIR=temporary),
                         capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    # three clients were sent the same
    assert result["moved"]["messages"] > 150 and result["moved"]["messages"] % 3 == 0, result
    assert result["appeared"]["messages"] > 0 and result["appeared"]["messages"] % 3 == 0, result
    assert "log" not in result["moved"], result  # moved is not written to the log
    for kind, parts in PARTS.items():
        figures = result[kind]
        for part in parts + ("total",):
            assert 0 <= figures[part]["median"] <= figures[part]["p99"] <= figures[part]["max"], (part, figures)
        # no part is longer than the whole, and the parts make up the whole
        assert sum(figures[part]["median"] for part in parts) < 2 * figures["total"]["p99"], figures
        assert all(figures[part]["max"] <= figures["total"]["max"] for part in parts), figures
        assert figures["total"]["max"] <= sum(figures[part]["max"] for part in parts) + 0.1, figures
    assert not os.listdir(temporary), os.listdir(temporary)
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                assert temporary.encode() not in file.read(), f"left running: {path}"
        except OSError:
            pass
    print(f"moved: median {result['moved']['total']['median']} ms, p99 {result['moved']['total']['p99']} ms")
