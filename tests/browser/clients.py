#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example clients and the overlay page against a real daemon: each gets events; C and Python find back.

usage: clients.py LINCED LINCE_PROGRAMME FOLLOW EXAMPLES_FOLDER
"""
import functools
import http.server
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading

from harness import Browser, Daemon, make_programme, wait_for

linced, programme, follow, examples = sys.argv[1:5]


class Client:
    """A client's process and the lines it printed."""

    def __init__(self, *command):
        self.lines = []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
        self.reader.join(10)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def check_overlay(driver, daemon):
    driver.get(f"{daemon.address}overlay.html?stream=demo")
    drawn = """
        const c = document.getElementById('overlay'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        let seen = 0; for (let i = 3; i < d.length; i += 4) seen += d[i] > 0;
        return Number(c.dataset.placements) > 0 ? [seen, seen / (c.width * c.height)] : null"""
    seen, share = wait_for("outlines on the overlay", lambda: driver.execute_script(drawn))
    assert seen > 300 and share < 0.2, f"{seen} pixels are drawn, {share:.0%} of the page"


def check_javascript(driver, daemon, port):
    driver.get(f"http://127.0.0.1:{port}/")
    driver.execute_script("window.got = []; import('/follow.js').then(m => m.follow(arguments[0], e => window.got.push(e)))",
                          daemon.address.replace("http", "ws"))
    kinds = wait_for("events in follow.js", lambda: {"hello", "moved", "appeared"} <= set(
        driver.execute_script("return window.got.map(e => e.type)")) and driver.execute_script("return window.got.slice(0, 1)"))
    assert kinds[0]["type"] == "hello", kinds


def check_programs(daemon):
    address = daemon.address.rstrip("/").replace("http", "ws")
    in_c, in_python = Client(follow, address), Client("/usr/bin/python3", os.path.join(examples, "clients/follow.py"), address)
    for client in (in_c, in_python):
        wait_for("an appearance", lambda c=client: any("appeared" in line for line in c.lines))
    before = [len(client.lines) for client in (in_c, in_python)]
    daemon.stop()
    daemon.start()
    for client, count in zip((in_c, in_python), before):
        wait_for("an appearance after the restart", lambda c=client, n=count: any("appeared" in line for line in c.lines[n:]))
        client.end()
    numbers = [json.loads(line)["seq"] for line in in_c.lines if '"hello"' not in line]
    assert numbers == sorted(set(numbers)), f"numbers do not rise: {numbers}"


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=f"{examples}/clients"))
threading.Thread(target=server.serve_forever, daemon=True).start()
with tempfile.TemporaryDirectory() as base:
    make_programme(programme, base, "--width", "640", "--height", "360", "--seconds", "8")
    origin = f"allowed-origins=http://127.0.0.1:{server.server_port}"
    with Daemon(linced, f"{base}/programme.ts", f"{base}/collection", origin) as running:
        with Browser() as browser:
            check_overlay(browser, running)
            check_javascript(browser, running, server.server_port)
        check_programs(running)
server.shutdown()
