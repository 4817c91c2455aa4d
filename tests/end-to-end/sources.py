#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sources in trouble: each has a state and a reason, is tried again, and works when it is well again."""
import os
import random
import shutil
import subprocess
import tempfile

from machine import Client, Machine, free_port, programme, wait_until

small = programme("small", "--width", "480", "--height", "270", "--seconds", "8", "--kind", "random", "--references", "6",
                  "--objects", "4")
other = programme("other", "--width", "640", "--height", "360", "--seconds", "4", "--kind", "random", "--references", "6",
                  "--objects", "4", "--seed", "2", "--artwork-seed", "1")
SECRET = "hunter2"


def make_sources(folder):
    with open(folder + "/garbage.ts", "wb") as file:
        file.write(random.Random(1).randbytes(300_000))  # the same garbage at every run
    with open(folder + "/changes.ts", "wb") as file:
        for part in small, other:
            with open(part + "/programme.ts", "rb") as source:
                shutil.copyfileobj(source, file)
    subprocess.run(["gst-launch-1.0", "-q", "audiotestsrc", "num-buffers=200", "!", "audioconvert", "!", "wavenc", "!",
                    "filesink", f"location={folder}/sound.wav"], check=True, timeout=30)


def send_over_udp(port):
    """The programme once, at its own pace, in MPEG-TS over UDP on this machine."""
    return subprocess.Popen(["gst-launch-1.0", "-q", "filesrc", f"location={small}/programme.ts", "!",
                             "tsparse", "set-timestamps=true", "alignment=7", "!", "udpsink", "host=127.0.0.1",
                             f"port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


with tempfile.TemporaryDirectory(prefix="lince-sources-") as sources:
    make_sources(sources)
    port = free_port()
    uris = {"missing": f"file://{sources}/missing.ts", "garbage": f"file://{sources}/garbage.ts",
            "sound": f"file://{sources}/sound.wav", "changes": f"file://{sources}/changes.ts",
            "camera": f"rtsp://joe:{SECRET}@127.0.0.1:{free_port()}/1", "udp": f"udp://127.0.0.1:{port}"}
    with Machine({stream: {"uri": uri, "collection": small + "/collection",
                           "pipeline": "default" if stream in ("udp", "camera") else "loop"}
                  for stream, uri in uris.items()}) as machine:
        client = Client(machine.port)
        for stream in "missing", "garbage", "sound", "camera":
            state = client.wait(lambda m: m["type"] == "stream" and m["stream"] == stream
                                and m["state"] == "backoff", 25)[1]
            assert len(state["reason"]) > 10 and state["retry_in"] > 0, state
            print(f"{stream}: {state['reason']}")
            # tried again
            client.wait(lambda m: m["type"] == "stream" and m["stream"] == stream and m["state"] == "starting"
                        and m["n"] > state["n"], 10)
        wait_until(lambda: machine.state("missing")["reason"], 10, "the API gives a reason")
        # two sizes in one stream, over and over: it goes on through each change
        sizes = {(480, 270), (640, 360)}
        wait_until(lambda: {(m["width"], m["height"]) for m in client.all("moved", "changes")} == sizes, 30,
                   "both sizes have been analysed")
        seen = [m["width"] for m in client.all("moved", "changes")]
        turns = sum(a != b for a, b in zip(seen, seen[1:]))
        assert turns >= 1 and machine.state("changes")["state"] == "running", machine.state("changes")
        assert len({m["run"] for m in client.all("moved", "changes")}) == 1
        # a sender that comes, stops, and comes again
        for attempt in range(2):
            sender = send_over_udp(port)
            try:
                since = client.messages[-1][0]
                client.wait(lambda m: m["type"] == "moved" and m["stream"] == "udp", 40, since=since)
            finally:
                sender.kill()
                sender.wait()
            client.wait(lambda m: m["type"] == "stream" and m["stream"] == "udp"
                        and m["state"] in ("stalled", "backoff"), 20, since=since)
        # the missing file is put there
        os.link(small + "/programme.ts", sources + "/missing.ts")
        client.wait(lambda m: m["type"] == "moved" and m["stream"] == "missing", 40)
        assert machine.state("missing")["state"] == "running"
        assert SECRET not in str(client.messages) and SECRET not in str(machine.get("streams"))
        with open(machine.folder + "/log", encoding="utf-8") as log:
            assert SECRET not in log.read()
        client.ended = True
