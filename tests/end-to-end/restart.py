#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stream's process that is killed, or hangs, is replaced at once; the other streams do not lose a frame."""
import os
import signal
import time

from machine import Client, Machine, check_account, programme, wait_until

FRAME = 40_000_000
folder = programme("small", "--width", "480", "--height", "270", "--seconds", "8", "--kind", "random", "--references", "6",
                   "--objects", "4")
STREAM = {"uri": f"file://{folder}/programme.ts", "pipeline": "loop", "collection": f"{folder}/collection"}


class Count:
    """Frames analysed by a stream, held against the frames that its running time says there were."""

    def __init__(self, machine, stream):
        self.machine, self.stream = machine, stream
        self.run, self.frames, self.time = self.read()

    def read(self):
        state = self.machine.state(self.stream)
        return state["run"], state["frames"], state["running_time"]

    def check(self):
        run, frames, running_time = self.read()
        assert run == self.run, f"{self.stream} has been replaced"
        expected = (running_time - self.time) / FRAME
        assert expected > 75, f"{self.stream} stood still"
        # count and time of one report are read one behind the other: a frame may lie between
        assert abs(frames - self.frames - expected) <= 2, f"{self.stream}: {frames - self.frames} frames of {expected}"


def hit(machine, client, stream, how):
    """Does `how` to the process of a stream; seconds until a new one has analysed a frame."""
    pid = wait_until(lambda: machine.stream_pid(stream), 5, "the stream's process")
    client.wait(lambda m: m["type"] == "appeared" and m["stream"] == stream, 20, since=time.monotonic())
    run = machine.state(stream)["run"]
    others = [Count(machine, other) for other in "abc" if other != stream]
    begun = time.monotonic()
    os.kill(pid, how)

    def analyses():
        state = machine.state(stream)
        return state["run"] != run and state["frames"] > 0

    wait_until(analyses, 15, "a new process analyses a frame")
    seconds = time.monotonic() - begun
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 10, "the old process is gone")
    time.sleep(max(0, begun + 4 - time.monotonic()))  # long enough for the others to have felt it
    for other in others:
        other.check()
    return run, seconds


with Machine({"a": STREAM, "b": STREAM, "c": STREAM}) as machine:
    client = Client(machine.port)
    for stream in "abc":
        client.wait(lambda m: m["type"] == "moved" and m["stream"] == stream, 20)
    killed_run, killed = hit(machine, client, "a", signal.SIGKILL)
    stopped_run, stopped = hit(machine, client, "b", signal.SIGSTOP)
    print(f"after a kill {killed:.2f} s, after a hang {stopped:.2f} s")
    assert killed < 3 and stopped < 5, (killed, stopped)
    client.ended = True
    assert machine.state("a")["restarts"] == 1 and machine.state("c")["restarts"] == 0
    lasting = check_account(machine)
    # what stood in the dead processes has ended, and says why
    for run in killed_run, stopped_run:
        mine = [e for e in lasting if e.get("run") == run]
        balance = {}
        for event in mine:
            if event["type"] in ("appeared", "vanished"):
                balance[event["exposure"]] = event["type"] == "appeared"
        assert not any(balance.values()), balance
        assert any(e.get("reason") == "stream-lost" for e in mine if e["type"] == "vanished"), mine[-3:]
