# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the curves are measured on: the conditions, their values, and the clips that lince-programme makes of them."""
import collections
import json
import os
import subprocess

SHOWN = ("textured", "marks", "bugs")
REFERENCES = 48  # of all kinds, in the collection of every clip but those of the sweep of their number
COMMON = ("--kind", "sweep", "--width", "1280", "--height", "720", "--fps", "25", "--threads", "1")

# One point: what is shown, under which one condition. `options` are lince-programme's.
Point = collections.namedtuple("Point", "name shown sweep value options references")
# `values`: by what is shown; what is not named has no such condition. `plain`: the value of a clip with nothing special,
# which all curves share. `quick`: the places of the values that the short run takes.
Sweep = collections.namedtuple("Sweep", "name title option values plain quick extra", defaults=((),))
MOVING = ("textured", "marks")  # bugs stand still, upright

SWEEPS = (
    Sweep("size", "size, share of the frame", "--size",
          {"textured": (.06, .1, .15, .22, .32, .45), "marks": (.04, .06, .09, .13, .2, .35), "bugs": (.04, .055, .075, .1, .14, .2)},
          None, (1, 3)),
    Sweep("tilt", "tilt, degrees", "--tilt", dict.fromkeys(MOVING, (0, 25, 40, 55, 65, 75)), 0, (2,)),
    Sweep("turn", "turn, degrees", "--turn", dict.fromkeys(MOVING, (0, 15, 35, 60, 90, 180)), 0, (2,)),
    Sweep("blur", "focus blur, σ pixels", "--blur", dict.fromkeys(SHOWN, (0, 1.5, 2.5, 4, 6)), 0, (1,)),
    Sweep("motion", "motion blur, pixels", "--motion", dict.fromkeys(MOVING, (0, 6, 12, 18, 24)), 0, (1,)),
    Sweep("cover", "covered share", "--cover", dict.fromkeys(MOVING, (0, .2, .4, .6, .75)), 0, (1,)),
    Sweep("noise", "noise, σ steps", "--noise", dict.fromkeys(SHOWN, (2, 6, 12, 18, 26)), 2, (1,)),
    Sweep("bitrate", "bit rate, kbit/s", "--bitrate", dict.fromkeys(SHOWN, (150, 300, 600, 1200, 5000)), 5000, (2,)),
    Sweep("opacity", "opacity", "--opacity", {"bugs": (.15, .2, .3, .45, 1)}, 1, (2,)),
    Sweep("references", "references", None, dict.fromkeys(SHOWN, (48, 300, 1000)), 48, ()),
    Sweep("cut", "shot length, seconds", "--cut", dict.fromkeys(SHOWN, (.2, .4, 1)), 1, (0,)),
    Sweep("interlaced", "1080i, pixels a field", "--speed", dict.fromkeys(MOVING, (0, 4, 10)), None, (1,),
          ("--interlaced", "--width", "1920", "--height", "1080", "--bitrate", "12000", "--cut", "0.5", "--seconds", "1")),
    Sweep("instances", "instances at once", "--instances", dict.fromkeys(MOVING, (2, 4, 6)), None, (1,), ("--size", "0.2")),
    Sweep("animated", "animated share of time", "--animated", {"bugs": (0, .3, .6, 1)}, 0, (2,)),
)

# Of which entries of the truth recall is taken, where it is not of those 60 % visible and 30 % opaque.
COUNTED = {"cover": {"least_visible": 0.02}, "opacity": {"least_opacity": 0.05}}
# Nothing may be found in these, of any reference: graphics, and objects of other brands.
GRAPHICS = ("subtitles", "ticker", "clock", "scores", "titles", "credits", "still", "black")
NEGATIVE, NEGATIVE_REFERENCES, NEGATIVE_SECONDS, OTHER_BRANDS = "negative", 300, 6, "1001"


def option_value(sweep, value):
    # fields come 50 a second from a picture 1080 high
    return value * 50 / 1080 if sweep.name == "interlaced" else value


def make_point(sweep, shown, value):
    common = ("--show", shown, "--seconds", "4" if shown == "bugs" else "2")
    if value == sweep.plain:
        return Point(f"plain-{shown}", shown, "plain", 0, common, REFERENCES)
    if sweep.name == "references":
        return Point(f"references-{shown}-{value:g}", shown, sweep.name, value, common, value)
    options = common + sweep.extra + (sweep.option, f"{option_value(sweep, value):g}")
    return Point(f"{sweep.name}-{shown}-{value:g}", shown, sweep.name, value, options, REFERENCES)


def make_negative(value):
    options = ("--kind", "negative", "--graphics", value) if value in GRAPHICS else \
        ("--show", value.removeprefix("other-"), "--artwork-seed", OTHER_BRANDS, "--cut", "2")
    return Point(f"{NEGATIVE}-{value}", NEGATIVE, NEGATIVE, value, options + ("--seconds", f"{NEGATIVE_SECONDS}"), NEGATIVE_REFERENCES)


def points(quick=False, sweeps=None, shown=None):
    """The points of all sweeps, or of those named; `quick`: a few of each."""
    every = [(sweep.name, kind, not quick or place in sweep.quick, make_point(sweep, kind, value))
             for sweep in SWEEPS for kind, values in sweep.values.items() for place, value in enumerate(values)]
    negatives = GRAPHICS + tuple(f"other-{kind}" for kind in SHOWN)
    every += [(NEGATIVE, NEGATIVE, not quick or value in ("titles", "other-marks"), make_negative(value)) for value in negatives]
    chosen = [point for name, kind, taken, point in every
              if taken and (not sweeps or name in sweeps) and (not shown or kind in shown)]
    return list(dict.fromkeys(chosen))


def make_collection(programme, folder, references):
    """The folder of a collection of so many references, drawn where it is missing."""
    base = os.path.join(folder, f"references-{references}")
    done = os.path.join(base, "done")
    if not os.path.exists(done):
        subprocess.run([programme, "--output", base, *COMMON, "--seconds", "0", "--references", str(references)],
                       check=True, stdout=subprocess.DEVNULL)
        open(done, "w").close()
    return os.path.join(base, "collection")


def make_clip(programme, folder, point):
    """The clip of a point and its truth, made where they are missing."""
    base = os.path.join(folder, "clips")
    clip, truth = os.path.join(base, point.name + ".ts"), os.path.join(base, point.name + ".truth.json")
    if not os.path.exists(truth):
        subprocess.run([programme, "--output", base, "--name", point.name, "--clip-only", *COMMON, "--references",
                        str(point.references), *point.options], check=True, stdout=subprocess.DEVNULL)
    return clip, truth


def read_truth(point, path):
    """What counts as standing in the clip of a point."""
    with open(path, encoding="utf-8") as file:
        truth = json.load(file)
    if point.shown == NEGATIVE:
        truth["frames"] = [[] for _ in truth["frames"]]
    return truth
