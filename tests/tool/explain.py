#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`lince explain` on the drawn clip: what it says of an object that is there and of one that is not,
as text, as JSON and as a picture.

usage: explain.py LINCE MAKE_CLIP
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

lince, make_clip = sys.argv[1:]
folder = tempfile.mkdtemp(prefix="lince-test-")
environment = dict(os.environ, LINCE_CACHE_DIR=os.path.join(folder, "cache"), LC_ALL="C.UTF-8")
STAGES = ["reference", "keypoints", "matches", "votes", "hypotheses", "alignment", "verification", "rivals", "outcome"]


def path(name):
    return os.path.join(folder, name)


def run(*words, status=0):
    done = subprocess.run([lince, "explain", *words], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
    return done


def explain(*words, status=0):
    done = run("--collection", path("collection"), *words, status=status)
    assert done.stderr == "", done.stderr
    return done.stdout


def count_green(name):
    """Pixels that are clearly green in the lower part, where the comparison of pixels is."""
    raw = path("raw.rgb")
    subprocess.run(["gst-launch-1.0", "-q", "filesrc", f"location={path(name)}", "!", "pngdec", "!", "videoconvert", "!",
                    "video/x-raw,format=RGB,width=1600", "!", "filesink", f"location={raw}"], check=True, timeout=300)
    with open(raw, "rb") as file:
        data = file.read()[3 * 1600 * 705:]
    return sum(g > r + 40 and g > b + 40 for r, g, b in zip(data[0::3], data[1::3], data[2::3]))


def check_present():
    text = explain(path("still.png"), "poster.a", "-o", path("present.png"))
    lines = text.splitlines()
    assert lines[0] == f"poster.a in {path('still.png')} (640 x 360): found", lines[0]
    assert [line[2:16].strip() for line in lines[1:] if line[2] != " "] == STAGES, text
    told = json.loads(explain(path("still.png"), "poster.a", "--json"))
    assert told["outcome"] == "found" and told["id"] == "poster.a", told
    assert (told["width"], told["height"], told["images"]) == (640, 360, 1), told
    assert told["generators"] == ["textured"] and told["features"] > 24, told
    best = told["trials"][told["best"]]
    assert best["tried"] and best["confidence"] > 0.9 and best["agreement"] > 0.8, best
    assert min(best["alignment"]) >= told["needs"]["alignment"], best
    assert told["peaks"][0]["followed"] and told["peaks"][0]["weight"] >= told["needs"]["weight"], told["peaks"]
    place = told["placements"][0]["quad"]
    assert all(abs(a - b) < 1.5 for p, q in zip(place, best["quad"]) for a, b in zip(p, q)), (place, best)


def check_absent():
    text = explain(path("still.png"), "other", status=1)
    told = json.loads(explain(path("still.png"), "other", "--json", status=1))
    assert told["outcome"] != "found" and told["placements"] == [], told
    assert told["why"] in text, (told["why"], text)


def check_picture():
    """The cells that agree are green."""
    explain(path("still.png"), "other", "-o", path("absent.png"), status=1)
    green, less = count_green("present.png"), count_green("absent.png")
    assert green > 20000 and less * 4 < green, (green, less)


def check_clip():
    there = ("--collection", path("collection"), path("clip.ts"), "poster.a")
    assert ": found" in run("--frame", "25", *there).stdout
    assert ": found" in run("--at", "1.0", *there).stdout
    assert ": found" not in run("--frame", "3", *there, status=1).stdout
    assert "ends before that frame" in run("--frame", "5000", *there, status=65).stderr
    assert "with --frame or --at" in run(*there, status=65).stderr
    assert "not both" in run("--frame", "1", "--at", "1", *there, status=64).stderr


def check_wrong_use():
    collection = ("--collection", path("collection"))
    assert "no object \"nobody\"" in run(*collection, path("still.png"), "nobody", status=66).stderr
    assert "No such file" in run(*collection, path("none.png"), "poster.a", status=66).stderr
    assert "cannot be written" in run(*collection, path("still.png"), "poster.a", "-o", path("no/x.png"), status=73).stderr
    assert "no collection was given" in run(path("still.png"), "poster.a", status=64).stderr


try:
    subprocess.run([make_clip, folder], check=True)
    check_present()
    check_absent()
    check_picture()
    check_clip()
    check_wrong_use()
finally:
    shutil.rmtree(folder)
