#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""linced killed again and again: no event that a client was sent is lost, none comes twice, the account is right."""
import os
import random
import time

from machine import LASTING, Client, Machine, check_account, check_numbers, programme, wait_until

KILLS = 6
SEED = int(os.environ.get("LINCE_TEST_SEED", "1"))
folder = programme("small", "--width", "480", "--height", "270", "--seconds", "8", "--kind", "random", "--references", "6",
                   "--objects", "4")
STREAM = {"uri": f"file://{folder}/programme.ts", "pipeline": "loop", "collection": f"{folder}/collection"}
chance = random.Random(SEED)

with Machine({"a": STREAM, "b": STREAM}) as machine:
    client = Client(machine.port, "type=appeared,standing,vanished,stream,gap,notice")
    client.wait(lambda m: m["type"] == "appeared", 20)
    processes = {machine.stream_pid(s) for s in "ab"}
    for _ in range(KILLS):
        wait = chance.uniform(0.2, 3)
        # at a random moment, half of the times right behind an event
        if chance.random() < 0.5:
            client.wait(lambda m: m["type"] in ("appeared", "vanished"), 20, since=time.monotonic())
            wait = chance.uniform(0, 0.01)
        time.sleep(wait)
        machine.kill()
        time.sleep(chance.uniform(0, 1.5))
        machine.start()
    begun = time.monotonic()
    client.wait(lambda m: m["type"] == "vanished", 20, since=begun)
    wait_until(lambda: all(machine.state(s)["state"] == "running" for s in "ab"), 10, "both streams run")
    # the streams outlived all of it
    assert {machine.stream_pid(s) for s in "ab"} == processes
    heard = [m for m in client.all() if m["type"] in LASTING]
    client.ended = True
    log = machine.get("events?limit=1000")["events"]
    runs = check_numbers(log)
    assert len([r for r in runs if len(runs[r]) > 3]) == 2, runs
    numbers = [m["seq"] for m in heard]
    assert numbers == sorted(set(numbers)), "an event came twice, or out of order"
    # every event that the client was sent is in the log, as it was sent
    kept = {e["seq"]: e for e in log}
    for message in heard:
        stored = kept[message["seq"]]
        different = {k for k in set(stored) | set(message) if stored.get(k) != message.get(k)} - {"metadata"}
        assert not different, (different, stored, message)
    missing = set(range(numbers[0], numbers[-1] + 1)) - set(numbers)
    covered = {n for e in heard if e["type"] == "gap" for n in range(e["gap_first"], e["gap_last"] + 1)}
    assert not missing - covered, f"the client was never sent {sorted(missing - covered)}"
    after = check_account(machine)
    assert after[:len(log)] == log, "the record has changed"
    print(f"{KILLS} kills, {len(log)} events, {len(heard)} heard")
