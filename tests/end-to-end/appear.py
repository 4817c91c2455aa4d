#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A programme that loops as live: what a client hears and what the statistics say is what the programme shows."""
import json
import statistics

from machine import Client, Machine, check_account, programme, wait_until

FPS = 25
folder = programme("demo", "--width", "640", "--height", "360", "--seconds", "20")
with open(folder + "/programme.truth.json", encoding="utf-8") as file:
    TRUTH = json.load(file)
FRAMES = TRUTH["frames"]
WIDTH, HEIGHT = TRUTH["size"]


def stays():
    """(object, first, last frame) of all that is fully visible for a second at least; one at a time of an object."""
    result = []
    for name in {o["id"] for frame in FRAMES for o in frame}:
        shown = [sum(o["id"] == name for o in frame) for frame in FRAMES] + [0]
        first = None
        for number, count in enumerate(shown):
            if count and first is None:
                first = number
            elif not count and first is not None:
                clear = sum(any(o["id"] == name and o["visible"] > 0.7 for o in FRAMES[n]) for n in range(first, number))
                if clear >= FPS and max(shown[first:number]) == 1:
                    result.append((name, first, number - 1))
                first = None
    return result


def frame_of(event, key="running_time"):
    return round(event[key] * FPS / 1e9)


def distance(quad, truth):
    """Mean distance of the corners in pixels of the stored frame."""
    return statistics.mean(((x * WIDTH - u) ** 2 + (y * HEIGHT - v) ** 2) ** 0.5 for (x, y), (u, v) in zip(quad, truth))


def check_placements(moved):
    """Each placement lies where the programme drew the object in that very frame."""
    right, wrong, errors = 0, [], []
    for event in moved:
        number = frame_of(event) % len(FRAMES)
        for placement in event["placements"]:
            near = [distance(placement["quad"], o["quad"]) for o in FRAMES[number] if o["id"] == placement["object"]]
            if near and min(near) < 12:
                right += 1
                errors.append(min(near))
            else:
                wrong.append((number, placement["object"], near))
    assert right > 100, f"{right} right placements in {len(moved)} frames"
    assert len(wrong) <= 0.02 * right, f"{len(wrong)} wrong of {right + len(wrong)}: {wrong[:10]}"
    assert statistics.median(errors) < 1.5, f"corners are off by {statistics.median(errors)} px"
    return right, statistics.median(errors)


def check_times(lasting):
    """Appears and vanishes when the programme shows it, to the time that a decision takes."""
    checked = 0
    for name, first, last in stays():
        appeared = [e for e in lasting if e["type"] == "appeared" and e["object"] == name and not e.get("resumed")
                    and first - 3 <= frame_of(e, "seen_running_time") <= first + FPS]
        vanished = [e for e in lasting if e["type"] == "vanished" and e["object"] == name
                    and last - FPS <= frame_of(e, "seen_running_time") <= last + 3]
        assert len(appeared) == 1, f"{name} from frame {first}: {appeared}"
        assert vanished or last == len(FRAMES) - 1, f"{name} until frame {last}"
        assert appeared[0]["decided_utc"] >= appeared[0]["seen_utc"]  # at once where it stood in a mean of frames
        checked += 1
    assert checked >= 3, checked
    return checked


def check_seconds(lasting):
    """Seconds on screen by the events of one round are those of the truth."""
    for name, first, last in stays():
        spoken = sum(e["sum_time"] for e in lasting if e["type"] in ("vanished", "standing") and e["object"] == name
                     and first - 3 <= frame_of(e, "running_time") <= last + 2 * FPS) / 1e9
        shown = (last - first + 1) / FPS
        assert abs(spoken - shown) < max(1.2, 0.15 * shown), f"{name}: {spoken} s, the truth is {shown} s"


with Machine({"demo": {"uri": f"file://{folder}/programme.ts", "pipeline": "loop",
                       "collection": f"{folder}/collection"}}) as machine:
    client = Client(machine.port)
    length = len(FRAMES) / FPS
    client.wait(lambda m: m["type"] == "moved" and m["running_time"] / 1e9 > length + 3, 60)
    # until all that stood in the first round has ended
    lasting = [m for m in client.all() if m.get("seq")]
    moved = [m for m in client.all("moved") if m["running_time"] / 1e9 < length]
    numbers = [frame_of(m) for m in moved]
    assert numbers == sorted(set(numbers)), "running time does not rise"
    # all frames, over the loop's seam, whose running time goes on; what no frame shows is no message
    state = machine.state("demo")
    assert abs(state["frames"] - (state["running_time"] * FPS / 1e9 + 1)) <= 2, state
    right, error = check_placements(moved)
    checked = check_times(lasting)
    check_seconds(lasting)
    wait_until(lambda: machine.state("demo")["state"] == "running", 5, "the stream runs")
    joined = Client(machine.port)
    hello = joined.wait(lambda m: m["type"] == "hello", 5)[1]
    assert hello["seq"] >= lasting[-1]["seq"] and hello["streams"][0]["state"] == "running", hello
    client.ended = joined.ended = True
    lasting = check_account(machine)
    print(f"{right} placements right, corners off by {error:.2f} px; {checked} stays; {len(lasting)} events")
