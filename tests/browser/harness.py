# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the browser tests share: a real daemon on a real stream, a real browser, waiting for conditions."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service


def wait_for(what, condition, seconds=40):
    """The condition's first true value; fails by name when there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain: {what}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_programme(program, folder, *options):
    subprocess.run([program, "--output", folder, *options], check=True, stdout=subprocess.DEVNULL, timeout=120)
    with open(os.path.join(folder, "programme.truth.json"), encoding="utf-8") as file:
        return json.load(file)


class Daemon:
    """linced on one looping stream; paths of sockets are short, so it lives in the temporary folder."""

    def __init__(self, program, video, collection, extra="", more=""):
        self.program = program
        self.work = tempfile.mkdtemp(prefix="lince-test-")
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}/"
        self.process = None
        with open(os.path.join(self.work, "linced.conf"), "w", encoding="utf-8") as file:
            file.write(f"[daemon]\nport={self.port}\n{extra}\n[stream demo]\nuri=file://{video}\n"
                       f"collection={collection}\npipeline=loop\n\n{more}")

    def start(self):
        self.log = open(os.path.join(self.work, "daemon.log"), "ab")
        self.process = subprocess.Popen([self.program, "--config", f"{self.work}/linced.conf", "--state-dir",
                                         f"{self.work}/state", "--run-dir", f"{self.work}/run"],
                                        stdout=self.log, stderr=self.log)

        def listens():
            assert self.process.poll() is None, "the daemon ended:\n" + self.said()
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0
        wait_for("the daemon listens", listens, 30)

    def said(self):
        with open(os.path.join(self.work, "daemon.log"), encoding="utf-8", errors="replace") as file:
            return file.read()[-4000:]

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("the daemon did not end:\n" + self.said()) from None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, problem, trace):
        if problem:
            print(self.said(), file=sys.stderr)
        try:
            self.stop()
        finally:
            # what a daemon that had to be killed leaves behind
            found = subprocess.run(["pgrep", "-f", re.escape(f"{self.work}/run")], capture_output=True, text=True)
            for pid in found.stdout.split():
                os.kill(int(pid), signal.SIGKILL)
            shutil.rmtree(self.work, ignore_errors=True)


class Browser:
    """Debian's Chromium with a profile of its own."""

    def __init__(self, width=1280, height=900):
        self.profile = tempfile.mkdtemp(prefix="lince-browser-")
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
                         "--disable-background-networking", "--disable-component-update", "--disable-sync",
                         "--force-color-profile=srgb", f"--user-data-dir={self.profile}", f"--window-size={width},{height}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        os.environ.setdefault("SE_AVOID_STATS", "true")
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver", env={**os.environ, "HOME": self.profile}))

    def __enter__(self):
        return self.driver

    def __exit__(self, kind, problem, trace):
        if problem:
            try:
                print(self.driver.get_log("browser"), file=sys.stderr)
                kept = os.environ.get("LINCE_TEST_SCREENSHOT")
                if kept:
                    self.driver.save_screenshot(kept)
            except Exception as other:  # the browser itself may be what died
                print(other, file=sys.stderr)
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)
