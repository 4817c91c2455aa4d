#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Variants of a mark that `ID.json` asks for: a clip that shows it inverse, and one that shows it in white
alone, are found with the variant only; `recognize` and `explain` name it.

usage: variants.py LINCE
"""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

lince, = sys.argv[1:]
folder = tempfile.mkdtemp(prefix="lince-test-")
environment = dict(os.environ, LINCE_CACHE_DIR=os.path.join(folder, "cache"), LC_ALL="C.UTF-8")
WIDTH, HEIGHT = 640, 360
# parts of the mark: convex outlines in a square of 100, clockwise, and which of two colours they have
PARTS = [([(5, 10), (45, 10), (45, 30), (25, 45), (25, 90), (5, 90)], 0), ([(30, 55), (50, 55), (50, 90), (30, 90)], 0),
         ([(55, 10), (95, 10), (75, 45)], 1), ([(75, 50), (95, 90), (55, 90)], 1)]
COLOURS = [(20, 20, 90), (190, 30, 30)]


def inverse(colour):
    return tuple(part + 255 - min(colour) - max(colour) for part in colour)


def inside(x, y, outline):
    hit = False
    for (x0, y0), (x1, y1) in zip(outline, outline[1:] + outline[:1]):
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
            hit = not hit
    return hit


def colour_at(x, y, colours):
    """The mark's colour there, or the ground's: bands of a middling grey."""
    u, v = (x - 240) / 1.5, (y - 110) / 1.5
    for outline, number in PARTS:
        if 0 <= u < 100 and 0 <= v < 100 and inside(u, v, outline):
            return colours[number]
    grey = 110 + int(x * 37 / WIDTH) + 9 * (int(y / 23) % 3)
    return grey, grey + 6, grey - 4


def draw(name, colours):
    rows = []
    for y in range(HEIGHT):
        row = [0]
        for x in range(WIDTH):
            near = 235 <= x < 395 and 105 <= y < 265
            points = [colour_at(x + a, y + b, colours) for a in (.25, .75) for b in (.25, .75)] if near else [
                colour_at(x + .5, y + .5, colours)]
            row += [sum(point[c] for point in points) // len(points) for c in range(3)]
        rows.append(bytes(row))
    parts = [(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b"".join(rows))),
             (b"IEND", b"")]
    with open(path(name), "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for kind, data in parts:
            file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))
    subprocess.run(["gst-launch-1.0", "-q", "filesrc", f"location={path(name)}", "!", "pngdec", "!", "imagefreeze",
                    "num-buffers=25", "!", "videoconvert", "!", "video/x-raw,format=I420,framerate=25/1", "!", "jpegenc",
                    "quality=92", "!", "matroskamux", "!", "filesink", f"location={path(name)}.mkv"], check=True, timeout=300)


def path(name):
    return os.path.join(folder, name)


def collect(name, description):
    os.makedirs(path(name))
    paths = "".join(f'<path fill="#{"%02x%02x%02x" % COLOURS[number]}" d="M{" L".join("%d,%d" % p for p in outline)} Z"/>'
                    for outline, number in PARTS)
    with open(os.path.join(path(name), "mark.svg"), "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100">{paths}</svg>')
    with open(os.path.join(path(name), "mark.json"), "w", encoding="utf-8") as file:
        json.dump(description, file)


def run(*words, status=0):
    done = subprocess.run([lince, *words], env=environment, capture_output=True, text=True, timeout=500)
    assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout


def frames_with(collection, clip):
    """In how many frames the mark is found, and as which variants."""
    found = [json.loads(line)["objects"] for line in run("scan", "--collection", path(collection), "--frames",
                                                         path(clip)).splitlines()]
    return sum(bool(frame) for frame in found), {place.get("variant") for frame in found for place in frame}


def check_found_with_the_variant_only():
    assert frames_with("plain", "as-it-is.png.mkv") == (25, {None})
    for clip, variant in ("inverse", "inverse"), ("one-colour", "white"):
        assert frames_with("plain", f"{clip}.png.mkv") == (0, set()), clip
        assert frames_with("varied", f"{clip}.png.mkv") == (25, {variant}), clip
    assert frames_with("varied", "as-it-is.png.mkv") == (25, {None})


def check_explained():
    told = json.loads(run("explain", "--collection", path("varied"), path("inverse.png"), "mark", "--json"))
    assert told["outcome"] == "found" and told["images"] == 3 and told["placements"][0]["variant"] == "inverse", told
    assert told["trials"][told["best"]]["variant"] == "inverse", told["trials"]
    text = run("explain", "--collection", path("varied"), path("inverse.png"), "mark")
    reference, = [line for line in text.splitlines() if line.startswith("  reference")]
    assert "3 images (" in reference and "inverse" in reference and "white" in reference, reference
    assert "the best, variant inverse, is number" in text, text
    assert "variant" not in run("explain", "--collection", path("plain"), path("as-it-is.png"), "mark")


def check_enrolled():
    told = [json.loads(line) for line in run("enrol", "--json", path("varied")).splitlines()]
    assert sorted(row["variant"] or "" for row in told) == ["", "inverse", "white"], told
    assert all(row["id"] == "mark" and row["recognized"] and row["same_as"] == [] for row in told), told
    assert "masked inverse  " in run("enrol", "--quick", path("varied"))


try:
    collect("plain", {"name": "Mark"})
    collect("varied", {"name": "Mark", "variants": ["inverse", "white"]})
    draw("as-it-is.png", COLOURS)
    draw("inverse.png", [inverse(colour) for colour in COLOURS])
    draw("one-colour.png", [(255, 255, 255)] * 2)
    check_found_with_the_variant_only()
    check_explained()
    check_enrolled()
finally:
    shutil.rmtree(folder)
