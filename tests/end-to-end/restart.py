#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stream's process that is killed, or hangs, is replaced at once; the other streams do not lose a frame."""
import os
import signal
import time

from machine import Client, Machine, check_account, check_numbers, programme, wait_until

FRAME = 40_000_000
folder = programme("small", "--width", "480", "--height", "270", "--seconds", "8", "--kind", "random", "--references", "6",
                   "--objects", "4")
STREAM = {"uri": f"file://{folder}/programme.ts", "pipeline": "loop", "collection": f"{folder}/collection"}


def check_untouched(client, stream, since):
    """Every frame of a stream since then was analysed, by one process."""
    moved = client.all("moved", stream, since)
    assert len({m["run"] for m in moved}) == 1, f"{stream} has been replaced"
    times = [m["running_time"] for m in moved]
    lost = [(a, b) for a, b in zip(times, times[1:]) if b - a > 1.5 * FRAME]
    assert len(times) > 50 and not lost, f"{stream} lost frames: {lost}"


def hit(machine, client, how):
    """Does `how` to the process of stream `a`; seconds until a new one has analysed a frame."""
    pid = wait_until(lambda: machine.stream_pid("a"), 5, "process of a")
    client.wait(lambda m: m["type"] == "appeared" and m["stream"] == "a", 20, since=time.monotonic() - 5)
    run = client.all("moved", "a")[-1]["run"]
    begun = time.monotonic()
    os.kill(pid, how)
    moment, _ = client.wait(lambda m: m["type"] == "moved" and m["stream"] == "a" and m["run"] != run, 15, since=begun)
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 10, "the old process is gone")
    time.sleep(max(0, begun + 4 - time.monotonic()))  # long enough for the others to have felt it
    for other in "b", "c":
        check_untouched(client, other, begun - 1)
    return moment - begun


with Machine({"a": STREAM, "b": STREAM, "c": STREAM}) as machine:
    client = Client(machine.port)
    for stream in "abc":
        client.wait(lambda m: m["type"] == "moved" and m["stream"] == stream, 20)
    killed = hit(machine, client, signal.SIGKILL)
    stopped = hit(machine, client, signal.SIGSTOP)
    print(f"after a kill {killed:.2f} s, after a hang {stopped:.2f} s")
    assert killed < 3 and stopped < 5, (killed, stopped)
    client.ended = True
    lasting = machine.get("events?limit=1000")["events"]
    check_numbers(lasting)
    # what stood in the dead processes has ended, and says why
    for run in {e["run"] for e in lasting if e["stream"] == "a" and "run" in e} - {machine.state("a")["run"]}:
        mine = [e for e in lasting if e.get("run") == run]
        balance = {}
        for event in mine:
            if event["type"] in ("appeared", "vanished"):
                balance[event["exposure"]] = event["type"] == "appeared"
        assert not any(balance.values()), balance
        assert any(e.get("reason") == "stream-lost" for e in mine if e["type"] == "vanished"), mine[-3:]
    assert machine.state("a")["restarts"] >= 2
    check_account(machine, lasting)
