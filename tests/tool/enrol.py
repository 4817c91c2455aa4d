#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`lince enrol` on drawn references: what it says of good ones, of equal ones, of siblings that differ
by a word, and of those that cannot serve; its exit status; progress on a terminal only.

usage: enrol.py LINCE
"""
import json
import os
import pty
import random
import shutil
import subprocess
import sys
import tempfile

lince, = sys.argv[1:]
folder = tempfile.mkdtemp(prefix="lince-test-")
environment = dict(os.environ, LINCE_CACHE_DIR=os.path.join(folder, "cache"), LC_ALL="C.UTF-8")


def write(collection, name, text):
    os.makedirs(os.path.join(folder, collection), exist_ok=True)
    with open(os.path.join(folder, collection, name), "w", encoding="utf-8") as file:
        file.write(text)


def svg(inside, width=240, height=320):
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{inside}</svg>'


def poster(seed, word=None):
    """Boxes, and below them a word of blocks: five by five bits a letter, so that no font has a say."""
    draw = random.Random(seed)
    boxes = "".join(f'<rect x="{draw.randrange(240)}" y="{draw.randrange(240)}" width="{draw.randrange(8, 60)}" '
                    f'height="{draw.randrange(8, 50)}" fill="#{draw.randrange(1 << 24):06x}"/>' for _ in range(70))
    letters = random.Random(word)
    word = "".join(f'<rect x="{8 + 38 * letter + 6 * (bit % 5)}" y="{268 + 8 * (bit // 5)}" width="6" height="8"/>'
                   for letter in range(6) for bit in range(25) if letters.random() < .5)
    return svg(f'<rect width="240" height="320" fill="#789"/>{boxes}<rect y="256" width="240" height="64" fill="#eee"/>{word}')


def run(*words, command="enrol", status=0):
    done = subprocess.run([lince, command, *words], env=environment, capture_output=True, text=True, timeout=500)
    assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
    return done


def rows(done):
    return {row["id"]: row for row in map(json.loads, done.stdout.splitlines())}


def likes(row):
    return {like["id"]: like for like in row["looks_like"]}


def check_good():
    done = run(os.path.join(folder, "good"))
    assert done.stderr == "", done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3 and lines[0].startswith("one ") and lines[1].startswith("two "), lines
    assert "384 x 512" in lines[0] and "textured: " in lines[0] and " features" in lines[0] and " from " in lines[0], lines
    assert lines[2].startswith("2 objects, 2 images, 0 problems, 0 never recognised, revision "), lines
    told = rows(run(os.path.join(folder, "good"), "--json"))
    for row in told.values():
        assert row["generators"] == ["textured"] and row["textured"] and not row["transparent"], row
        assert row["recognized"] and row["advice"] is None and row["looks_like"] == [] and row["same_as"] == [], row
        least = row["smallest"]
        assert 12 <= least["width"] < 120 and least["width"] < least["height"], row
        assert abs(least["share"] - least["width"] * least["height"] / (1920 * 1080)) < 1e-4, row
        assert 30 <= row["steepest"] <= 75 and not row["hair_lines"] and 0 < row["score"] <= 1, row
    assert rows(run(os.path.join(folder, "good"), "--json", "--threads", "3", command="check")) == told
    index = os.path.join(folder, "good.index")
    run(os.path.join(folder, "good"), "-o", index, command="index")
    assert rows(run(index, "--json")) == told
    quick = rows(run(index, "--quick", "--json"))["one"]
    assert quick["keypoints"] == told["one"]["keypoints"] and "recognized" not in quick and "smallest" not in quick, quick


def check_alike():
    told = rows(run(os.path.join(folder, "alike"), "--json"))
    text = run(os.path.join(folder, "pair")).stdout
    assert told["copy"]["same_as"] == ["original"] and told["original"]["same_as"] == ["copy"], told
    assert "same picture as original" in told["copy"]["advice"], told["copy"]
    assert told["copy"]["recognized"] and told["original"]["recognized"], told
    assert told["lemon"]["advice"] in text, text
    for one, other in ("lemon", "orange"), ("orange", "lemon"):
        like = likes(told[one])[other]
        assert like["taken"] and not like["equal"] and .35 <= like["likeness"] < 1, like
        assert f"differs from {other} only in part" in told[one]["advice"], told[one]
        assert told[one]["recognized"] and told[one]["same_as"] == [], told[one]
        assert f"    looks like {other}: likeness 0." in text, text
    like = likes(told["near"])["nearly"]
    assert like["equal"] and "cannot be told apart from nearly" in told["near"]["advice"], told["near"]
    assert set(likes(told["copy"])) == {"original"} and set(likes(told["near"])) == {"nearly"}, told


def check_bad():
    done = run(os.path.join(folder, "bad"), "--json", status=1)
    told = rows(done)
    for sentence in "empty.svg: is empty", "flat.svg: is flat", "thin.svg: is too small", "good.json cannot be used":
        assert f"lince: {sentence}" in done.stderr, (sentence, done.stderr)
    assert len(done.stderr.splitlines()) == 4, done.stderr
    assert set(told) == {"good", "rings", "hidden", "slope"}, told
    assert told["good"]["recognized"], told["good"]
    assert told["rings"]["hair_lines"] and "lines are " in told["rings"]["advice"], told["rings"]
    assert not told["slope"]["recognized"] and "smallest" not in told["slope"], told["slope"]
    assert told["slope"]["generators"] == [], told["slope"]
    assert not told["slope"]["hair_lines"] and "not recognised at any size" in told["slope"]["advice"], told["slope"]
    assert told["hidden"]["generators"] == [] and told["hidden"]["keypoints"] == 0, told["hidden"]
    # nothing that cannot be used, and yet something that is never recognised
    assert "1 never recognised" in run(os.path.join(folder, "lost"), status=1).stdout
    run(os.path.join(folder, "lost"), "--quick")
    assert "no usable reference" in run(os.path.join(folder, "none"), status=65).stderr


def check_progress():
    """A second after the start the remaining time stands on a terminal; then the line is taken away."""
    terminal, slave = pty.openpty()
    process = subprocess.Popen([lince, "enrol", "--threads", "1", os.path.join(folder, "many")], stdin=slave, stdout=slave,
                               stderr=slave, env=environment)
    os.close(slave)
    shown = b""
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:  # how Linux says that nobody has the terminal open any more
            break
        if not more:
            break
        shown += more
    assert process.wait(100) == 0, shown
    assert b"simulating: " in shown and b" left" in shown, shown
    assert b"\r\x1b[K" in shown[shown.rindex(b" left"):], shown


good = poster(1, "good")
try:
    write("good", "one.svg", good)
    write("good", "two.svg", poster(2, "two"))
    for name, text in ("original", poster(3, "same")), ("copy", poster(3, "same")), ("lemon", poster(4, "lemon")), (
            "orange", poster(4, "orange")), ("near", poster(5, "near")), (
            "nearly", poster(5, "near").replace("</svg>", '<circle cx="100" cy="120" r="2" fill="#fff"/></svg>')):
        write("alike", f"{name}.svg", text)
        if name in ("lemon", "orange"):
            write("pair", f"{name}.svg", text)
    write("bad", "good.svg", good)
    write("bad", "good.json", '{"generators": ["guess"]}')
    write("bad", "hidden.svg", poster(6, "hidden"))
    write("bad", "hidden.json", '{"generators": ["bug"]}')
    write("bad", "empty.svg", svg(""))
    write("bad", "flat.svg", svg('<rect width="240" height="320" fill="#383"/>'))
    write("bad", "thin.svg", svg('<rect width="100" height="3" fill="#383"/>', 240, 2))
    write("bad", "rings.svg", svg("".join(f'<circle cx="300" cy="300" r="{r}" stroke="#000" fill="none"/>'
                                          for r in (100, 200, 280)), 600, 600))
    slope = svg('<defs><linearGradient id="a"><stop stop-color="#333"/><stop offset="1" stop-color="#ccc"/></linearGradient>'
                '</defs><rect width="240" height="320" fill="url(#a)"/>')
    for collection in "bad", "lost":
        write(collection, "slope.svg", slope)
        write(collection, "slope.json", '{"generators": ["textured"]}')
    write("lost", "good.svg", good)
    write("none", "empty.svg", svg(""))
    for number in range(10):
        write("many", f"{number}.svg", poster(100 + number, number))
    check_good()
    check_alike()
    check_bad()
    check_progress()
finally:
    shutil.rmtree(folder)
