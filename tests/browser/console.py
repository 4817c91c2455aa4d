#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The console in a real browser, on a real daemon with a real stream.

Outlines are where the truth says (pixels of a screenshot), events come as they happen, a hostile name stays
text, and after a restart of the daemon the feed goes on where it was.

usage: console.py LINCED LINCE_PROGRAMME
"""
import io
import json
import math
import os
import re
import sys
import tempfile
import urllib.request

from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from harness import Browser, Daemon, make_programme, wait_for

linced, programme = sys.argv[1:3]
HOSTILE = "<img src=x onerror=\"document.title='taken'\"> & <script>document.title='taken'</script>"
SECONDS, FPS = 12, 25


def rename(collection, kind, name):
    found = next(f for f in sorted(os.listdir(collection)) if f.startswith(kind) and f.endswith(".json"))
    with open(os.path.join(collection, found), "w", encoding="utf-8") as file:
        json.dump({"name": name}, file)
    return found[:-5]


def texts(driver, selector):
    return driver.execute_script("return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector)


def check_hostile_name(driver):
    wait_for("the hostile name among the events",
             lambda: any(HOSTILE in text for text in texts(driver, "#events .appeared .what")))
    wait_for("the hostile name in the statistics", lambda: HOSTILE in texts(driver, "#statistics tbody td:first-child"))
    assert driver.title == "Lince", f"a name ran as code: {driver.title}"
    inside = driver.execute_script("return document.querySelectorAll('main img, main script').length")
    assert inside == 0, "a name became elements"


def check_missing_stream(driver):
    """A stream that does not exist has a state and a reason."""
    card = ".stream[data-stream=missing] "
    wait_for("the missing stream's reason", lambda: any("no-such" in text or "exist" in text or "open" in text
                                                        for text in texts(driver, card + ".reason")))
    assert texts(driver, card + ".state")[0] in ("Waiting to try again", "Starting"), texts(driver, card + ".state")
    wait_for("the missing stream's state among the events", lambda: any(
        "missing" in text for text in texts(driver, "#events .stream-event .what")))


def check_token(driver, daemon):
    """What changes something asks for the token, by keyboard: refused, wrong, right."""
    def is_open():
        return driver.execute_script("return document.getElementById('token-dialog').open")

    def press_restart():
        driver.execute_script("document.querySelector('[data-stream=demo] .restart').focus()")
        driver.switch_to.active_element.send_keys(Keys.ENTER)
        wait_for("the question for the token", is_open)
    run = "return fetch('api/v1/streams/demo').then(r => r.json()).then(s => s.run)"
    before = wait_for("the stream's run", lambda: driver.execute_script(run))
    press_restart()
    driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    wait_for("the question is gone", lambda: not is_open())
    press_restart()
    driver.switch_to.active_element.send_keys("0" * 64 + "\n")
    wait_for("the wrong token is refused", lambda: "not know" in driver.find_element(By.ID, "token-problem").text and is_open())
    assert driver.execute_script(run) == before, "it restarted without the token"
    with open(os.path.join(daemon.work, "state/token"), encoding="utf-8") as file:
        driver.switch_to.active_element.send_keys(file.read().strip() + "\n")
    wait_for("another run of the stream", lambda: driver.execute_script(run) not in ("", before))
    assert not is_open()


def check_csp(driver):
    broken = [e["message"] for e in driver.get_log("browser") if "Content Security Policy" in e["message"]]
    assert not broken, broken
    foreign = driver.execute_script("return performance.getEntriesByType('resource').map(e => e.name)"
                                    ".filter(name => !name.startsWith(location.origin))")
    assert not foreign, f"the page asked elsewhere: {foreign}"
    failed = driver.execute_script("return performance.getEntriesByType('resource').filter(e => e.responseStatus === 404)"
                                   ".map(e => e.name)")
    assert not failed, f"the page asked for what is not there: {failed}"


def freeze_picture(driver, wanted):
    """Stops the previews at one that shows object `wanted`; the canvas's rectangle and time, and a screenshot."""
    driver.execute_cdp_cmd("Network.enable", {})
    read = "const c = document.querySelector('[data-stream=demo] canvas'); const r = c.getBoundingClientRect();" \
           "return {time: Number(c.dataset.runningTime), shown: (c.dataset.objects || '').split(' ')," \
           "box: [r.left, r.top, r.width, r.height]}"
    for _ in range(40):
        wait_for(f"a picture with {wanted}", lambda: wanted in driver.execute_script(read)["shown"])
        driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/picture*"]})
        seen = {"times": []}

        def settled():
            seen["times"] = [*seen["times"], driver.execute_script(read)["time"]][-12:]
            return len(seen["times"]) == 12 and len(set(seen["times"])) == 1
        wait_for("the picture stands still", settled)
        state = driver.execute_script(read)
        image = Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")
        driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
        if wanted in state["shown"]:
            return state, image
    raise AssertionError(f"no picture with {wanted} could be held")


def hue_of(driver, object_id):
    colour = driver.execute_script(
        "return import('/text.js').then(m => {const e = document.createElement('i'); e.style.color = m.colourOf(arguments[0]);"
        "document.body.append(e); const c = getComputedStyle(e).color; e.remove(); return c})", object_id)
    return [int(n) for n in re.findall(r"\d+", colour)[:3]]


def outline_share(image, box, quad, size, colour):
    """The share of the quad's outline on which the screenshot has the object's colour, within 3 pixels."""
    left, top, width, height = box
    points = [(left + x / size[0] * width, top + y / size[1] * height) for x, y in quad]
    found = total = 0
    for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1]):
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        nx, ny = (y1 - y0) / length, (x0 - x1) / length
        for step in range(5, 96, 3):
            x, y = x0 + (x1 - x0) * step / 100, y0 + (y1 - y0) * step / 100
            if not (left + 2 < x < left + width - 2 and top + 2 < y < top + height - 2):
                continue
            total += 1
            found += any(is_near(image, x + nx * d, y + ny * d, colour) for d in (-3, -2, -1, 0, 1, 2, 3))
    assert total > 20, "hardly anything of the outline lies in the picture"
    return found / total


def is_near(image, x, y, colour):
    x, y = int(x), int(y)
    if not (0 <= x < image.width and 0 <= y < image.height):
        return False
    return sum(abs(a - b) for a, b in zip(image.getpixel((x, y)), colour)) < 110


def check_outlines(driver, truth, object_id):
    """Twice, as by chance an object that stands still could be right."""
    frames, size = truth["frames"], truth["size"]
    colour = hue_of(driver, object_id)
    state, image = freeze_picture(driver, object_id)
    number = round(state["time"] * FPS / 1e9) % len(frames)
    here = [e["quad"] for e in frames[number] if e["id"] == object_id]
    assert here, f"the truth has no {object_id} in frame {number}"
    share = outline_share(image, state["box"], here[0], size, colour)
    assert share > 0.85, f"frame {number}: only {share:.0%} of the outline is where the truth says"
    moved = [[x + size[0] * 0.06, y + size[1] * 0.08] for x, y in here[0]]
    beside = outline_share(image, state["box"], moved, size, colour)
    assert beside < 0.5, f"the check would pass anywhere: {beside:.0%}"


def check_look(driver, daemon, objects):
    """What stands, and what appeared, says how it looks: the words and figures are the events'."""
    def appeared():
        page = json.load(urllib.request.urlopen(f"{daemon.address}api/v1/events?limit=500&type=appeared"))
        return {str(event["seq"]): event for event in page["events"] if event["object"] in objects}

    def listed(selector, key):
        return driver.execute_script("return [...document.querySelectorAll(arguments[0])].map("
                                     "e => [e.dataset.seq || e.dataset.exposure, e.querySelector(arguments[1]).textContent,"
                                     "e.querySelector(arguments[1]).title])", selector, key)
    told, shown = appeared(), listed("#events li.appeared", "small")
    both = [(told[number], words) for number, words, _ in shown if number in told]
    assert {event["kind"] for event, _ in both} == {"mark", "texture"}, both
    for event, words in both:
        assert f", {event['kind']}" in words, (event, words)
        for field, least, name in ("occluded", .05, "covered"), ("cut_off", .01, "outside"):
            wanted = f"{math.floor(100 * event[field] + .5)} % {name}"
            assert (wanted in words) == (event[field] >= least), (event, words)
        assert ("opacity" in words) == (event["opacity"] < .95), (event, words)
        assert (f"blur {event.get('blur', 0):.1f} px" in words) == (event.get("blur", 0) >= .5), (event, words)

    def stands():
        exposures = {event["exposure"]: event for event in appeared().values()}
        return [(exposures[exposure], words, title) for exposure, words, title in listed("#exposures li", ".look")
                if exposure in exposures]
    for event, words, title in wait_for("an exposure that stands", stands):
        assert words.startswith(event["kind"]) and "opacity" in title and "covered" in title and "outside" in title, (words, title)


def sequences(driver):
    return driver.execute_script("return [...document.querySelectorAll('#events [data-seq]')].map(e => Number(e.dataset.seq))")


def check_restart(driver, daemon):
    before = max(sequences(driver))
    daemon.stop()
    wait_for("the page sees the loss", lambda: driver.find_element(By.ID, "connection").get_attribute("data-state") == "closed")
    daemon.start()
    wait_for("the page is back", lambda: driver.find_element(By.ID, "connection").get_attribute("data-state") == "open")
    wait_for("events after the restart", lambda: max(sequences(driver)) > before + 2)
    wait_for("pictures after the restart",
             lambda: driver.execute_script("return document.querySelector('[data-stream=demo] .no-picture').hidden"))
    seen = sequences(driver)
    assert len(seen) == len(set(seen)), "an event came twice"
    assert sorted(seen) == list(range(min(seen), max(seen) + 1)), f"an event is missing: {sorted(seen)}"


with tempfile.TemporaryDirectory() as base:
    truth = make_programme(programme, base, "--width", "640", "--height", "360", "--seconds", str(SECONDS))
    collection = os.path.join(base, "collection")
    poster, mark = rename(collection, "poster", HOSTILE), rename(collection, "mark", "Sign")
    missing = f"[stream missing]\nuri=file://{base}/no-such-file.ts\ncollection={collection}\n"
    with Daemon(linced, f"{base}/programme.ts", collection, more=missing) as daemon, Browser() as driver:
        driver.get(daemon.address)
        wait_for("the feed is open", lambda: driver.find_element(By.ID, "connection").text == "Live")
        wait_for("the stream runs", lambda: "Running" in texts(driver, ".stream .state"))
        check_missing_stream(driver)
        check_outlines(driver, truth, poster)
        check_outlines(driver, truth, mark)
        check_hostile_name(driver)
        check_look(driver, daemon, (poster, mark))
        check_token(driver, daemon)
        check_restart(driver, daemon)
        check_csp(driver)
