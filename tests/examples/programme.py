#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sample programme: frame n, decoded, shows what the truth says of frame n; a seed gives one programme.

usage: programme.py LINCE_PROGRAMME
"""
import json
import os
import subprocess
import sys
import tempfile

from PIL import Image

program = sys.argv[1]
WIDTH, HEIGHT, FPS = 480, 270, 25


def make(folder, *options, seconds="3"):
    subprocess.run([program, "--output", folder, "--width", str(WIDTH), "--height", str(HEIGHT), "--seconds", seconds,
                    *options], check=True, stdout=subprocess.DEVNULL, timeout=100)
    with open(os.path.join(folder, "programme.truth.json"), encoding="utf-8") as file:
        return json.load(file)


def decode(folder):
    """Grey frames in the order in which they are shown."""
    raw = os.path.join(folder, "raw")
    subprocess.run(["gst-launch-1.0", "-q", "filesrc", f"location={folder}/programme.ts", "!", "tsdemux", "!", "h264parse",
                    "!", "avdec_h264", "!", "videoconvert", "!", "video/x-raw,format=GRAY8", "!", "filesink",
                    f"location={raw}"], check=True, timeout=100)
    with open(raw, "rb") as file:
        data = file.read()
    size = WIDTH * HEIGHT
    assert len(data) % size == 0, f"{len(data)} bytes are not whole frames"
    return [Image.frombytes("L", (WIDTH, HEIGHT), data[i:i + size]) for i in range(0, len(data), size)]


def perspective(quad, width, height):
    """Coefficients that take the picture's pixels (edges) to the frame's (Heckbert 1989)."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = quad
    sx, sy = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
    dx1, dx2, dy1, dy2 = x1 - x2, x3 - x2, y1 - y2, y3 - y2
    det = dx1 * dy2 - dx2 * dy1
    g, h = (sx * dy2 - dx2 * sy) / det, (dx1 * sy - sx * dy1) / det
    a, b, d, e = x1 - x0 + g * x1, x3 - x0 + h * x3, y1 - y0 + g * y1, y3 - y0 + h * y3
    return (a / width, b / height, x0, d / width, e / height, y0, g / width, h / height)


def likeness(frame, quad, reference, mask):
    """Normalised correlation of the reference with the frame's pixels in the quad."""
    width, height = reference.size
    seen = frame.transform((width, height), Image.PERSPECTIVE, perspective(quad, width, height), Image.BILINEAR)
    pairs = [(a, b) for a, b, m in zip(seen.getdata(), reference.getdata(), mask.getdata()) if m > 200]
    mean_a, mean_b = (sum(p[k] for p in pairs) / len(pairs) for k in (0, 1))
    ab = sum((a - mean_a) * (b - mean_b) for a, b in pairs)
    aa, bb = sum((a - mean_a) ** 2 for a, _ in pairs), sum((b - mean_b) ** 2 for _, b in pairs)
    return ab / (aa * bb) ** 0.5 if aa and bb else 0


def load(folder, name):
    picture = Image.open(os.path.join(folder, "collection", name + ".png")).convert("RGBA")
    picture = picture.resize((picture.width // 4, picture.height // 4), Image.BOX)
    return picture.convert("L"), picture.getchannel("A")


def check_truth(folder, truth):
    frames = decode(folder)
    assert len(frames) == len(truth["frames"]) == 3 * FPS, f"{len(frames)} frames, {len(truth['frames'])} in the truth"
    moving, ids = 0, set()
    for n in range(2, len(frames) - 2, 3):
        for entry in truth["frames"][n]:
            ids.add(entry["id"])
            if entry["visible"] < 0.95 or entry["opacity"] < 0.95:
                continue
            reference, mask = load(folder, entry["id"])
            here = likeness(frames[n], entry["quad"], reference, mask)
            assert here > 0.6, f"frame {n}: {entry['id']} is not where the truth says: {here:.2f}"
            x, y = entry["quad"][0]
            others = [o for k in (n - 2, n + 2) for o in truth["frames"][k] if o["id"] == entry["id"]]
            if len(others) != 2 or any(abs(o["quad"][0][0] - x) + abs(o["quad"][0][1] - y) < 4 for o in others):
                continue
            moving += 1
            for k in (n - 2, n + 2):
                there = likeness(frames[k], entry["quad"], reference, mask)
                assert there < here, f"{entry['id']}: frame {k} shows frame {n}'s truth better: {there:.3f} > {here:.3f}"
    assert moving >= 3, f"only {moving} moving placements were compared"
    assert any(len([e for e in row if e["id"].startswith("mark")]) == 2 for row in truth["frames"]), "nothing twice at once"
    for kind in ("bug", "poster", "mark"):
        assert any(name.startswith(kind) for name in ids), f"no {kind} in the programme"


def read(folder):
    with open(os.path.join(folder, "programme.ts"), "rb") as file:
        return file.read()


def check_refusals():
    for options in (["--seconds", "1"], ["--output", "x", "--width", "641"], ["--output", "x", "--kind", "other"],
                    ["--output", "x", "--references", "0"]):
        done = subprocess.run([program, *options], capture_output=True, text=True, timeout=20)
        assert done.returncode == 64 and done.stderr.startswith("lince-programme: "), (options, done)


with tempfile.TemporaryDirectory() as base:
    first = os.path.join(base, "first")
    truth = make(first)
    check_truth(first, truth)
    assert len([f for f in os.listdir(first + "/collection") if f.endswith(".png")]) == 12
    again, other, empty = (os.path.join(base, name) for name in ("again", "other", "empty"))
    assert make(again, "--threads", "3")["frames"] == truth["frames"] and read(again) == read(first), "not the same again"
    make(other, "--references", "20", seconds="0.2")  # what it leaves must not mix with the next
    assert make(other, "--seed", "2", seconds="1") and read(other)[:4000] != read(first)[:4000], "another seed, the same"
    assert len(os.listdir(other + "/collection")) == 24
    assert not any(make(empty, "--kind", "empty", "--references", "40", seconds="1")["frames"]), "objects in an empty one"
    assert len([f for f in os.listdir(empty + "/collection") if f.endswith(".json")]) == 40
    check_refusals()
