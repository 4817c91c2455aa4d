# SPDX-License-Identifier: LGPL-2.1-or-later
"""A linced of a test's own with real streams, and clients that follow it. Programs are found in PATH."""
import asyncio
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request

import websockets

LASTING = ("appeared", "standing", "vanished", "stream", "gap", "notice")


def programme(name, *options):
    """The folder of a sample programme, made once for all tests of a build."""
    folder = os.path.join(os.environ["LINCE_TEST_PROGRAMMES"], name)
    os.makedirs(folder, exist_ok=True)
    with open(folder + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = os.path.join(folder, "options")
        wanted = " ".join(options)
        if not os.path.exists(stamp) or open(stamp, encoding="utf-8").read() != wanted:
            subprocess.run(["lince-programme", "--output", folder, *options], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, timeout=120)
            with open(stamp, "w", encoding="utf-8") as file:
                file.write(wanted)
    return folder


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(what, seconds, say):
    """Polls `what` until it gives something true, and gives it back."""
    end = time.monotonic() + seconds
    while True:
        result = what()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not in {seconds} s: {say() if callable(say) else say}")
        time.sleep(0.02)


class Client(threading.Thread):
    """A WebSocket client; `messages` are (time, message) in the order of coming. Goes on where it was after a lost
    connection, as a client should."""

    def __init__(self, port, query=""):
        super().__init__(daemon=True)
        self.address = f"ws://127.0.0.1:{port}/api/v1/events?{query}"
        self.messages = []
        self.log, self.after = None, 0
        self.ended = False
        self.start()

    def run(self):
        asyncio.run(self.follow())

    async def follow(self):
        while not self.ended:
            address = self.address + (f"&log={self.log}&after={self.after}" if self.log else "")
            try:
                async with websockets.connect(address, max_size=None, open_timeout=5) as connection:
                    async for text in connection:
                        self.take(json.loads(text))
                        if self.ended:
                            break
            except (OSError, asyncio.TimeoutError, websockets.WebSocketException):
                await asyncio.sleep(0.02)

    def take(self, message):
        if message["type"] == "hello":
            assert self.log is None or message.get("resumed"), f"cannot resume: {message.get('reason')}"
            if self.log is None:
                self.after = message["seq"]
            self.log = message["log"]
        self.after = max(self.after, message.get("seq", 0) if message["type"] in LASTING else 0)
        self.messages.append((time.monotonic(), message))

    def all(self, kind=None, stream=None, since=0):
        return [m for t, m in list(self.messages) if (kind is None or m["type"] == kind)
                and (stream is None or m.get("stream") == stream) and t >= since]

    def wait(self, wanted, seconds, since=0):
        """The first message since that time for which `wanted` holds, with its time."""
        found = []
        place = 0

        def look():
            nonlocal place
            messages = self.messages
            while place < len(messages):
                moment, message = messages[place]
                place += 1
                if moment >= since and wanted(message):
                    found.append((moment, message))
                    return True
            return False

        wait_until(look, seconds, lambda: f"the last of {len(self.messages)} messages: {self.messages[-3:]}")
        return found[0]


class Machine:
    """linced with the streams {id: {key: value}} in folders of its own; use in `with`."""

    def __init__(self, streams):
        self.folder = tempfile.mkdtemp(prefix="lince-end-to-end-")
        self.port = free_port()
        self.config = os.path.join(self.folder, "linced.conf")
        self.process = None
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("[daemon]\n")
            for stream, keys in streams.items():
                file.write(f"[stream {stream}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items()))
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            self.close()
        except AssertionError:
            if kind is None:
                raise
        finally:
            if kind is not None:
                with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
                    print("the daemon said:\n" + log.read()[-4000:], flush=True)
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        with open(os.path.join(self.folder, "log"), "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["linced", "--config", self.config, "--state-dir", self.folder + "/state", "--run-dir",
                 self.folder + "/run", "--port", str(self.port)], stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        assert "listening" in line, f"linced does not start: {line}"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def pids(self):
        """{pid: command line} of whatever was started in this folder, but linced itself."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
                with open(f"/proc/{pid}/stat", "rb") as file:
                    dead = file.read().rsplit(b")", 1)[1].split()[0] == b"Z"
            except OSError:
                continue
            if not dead and int(pid) != self.process.pid and any(w.startswith(self.folder.encode()) for w in words):
                found[int(pid)] = [w.decode() for w in words if w]
        return found

    def stream_pid(self, stream):
        for pid, words in self.pids().items():
            if "--stream" in words and words[words.index("--stream") + 1] == stream:
                return pid
        return None

    def close(self):
        """Ends the daemon in order; nothing must be left running."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError("linced did not end within 15 s of SIGTERM") from None
        self.process.stdout.close()
        left = self.pids()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        assert not left, f"left running: {left}"
        assert self.process.returncode == 0, f"linced ended with {self.process.returncode}"

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}", timeout=10) as answer:
            return json.load(answer)

    def state(self, stream):
        return self.get(f"streams/{stream}")

    def account(self, sequence):
        """The statistics by object and stream, once the log is summed up to `sequence`."""
        answers = []

        def summed():
            answers.append(self.get("statistics?by=object,stream"))
            return answers[-1]["seq"] >= sequence

        wait_until(summed, 10, "the account follows the log")
        return {(row["stream"], row["object"]): row for row in answers[-1]["rows"]}


def sums(events):
    """{(stream, object): [seconds, frames]} by the plain sum over lasting events."""
    result = {}
    for event in events:
        if event["type"] in ("standing", "vanished"):
            row = result.setdefault((event["stream"], event["object"]), [0, 0])
            row[0] += event["sum_time"] / 1e9
            row[1] += event["sum_frames"]
    return result


def check_account(machine):
    """Ends all streams, so that nothing stands, and starts the daemon again without any: what the statistics say then is
    the plain sum of the events. The events."""
    machine.close()
    with open(machine.config, "w", encoding="utf-8") as file:
        file.write("[daemon]\n")
    machine.start()
    events = machine.get("events?limit=1000")["events"]
    assert events and events[0]["seq"] == 1, "the log is longer than the question"
    opened = {e["exposure"] for e in events if e["type"] == "appeared"}
    assert opened and opened == {e["exposure"] for e in events if e["type"] == "vanished"}
    account = machine.account(events[-1]["seq"])
    expected = sums(events)
    for key, (seconds, frames) in expected.items():
        row = account.pop(key)
        assert abs(row["seconds"] - seconds) < 2e-3 and row["frames"] == frames, (key, row, seconds, frames)
        exposures = {e["exposure"] for e in events if e["type"] == "appeared" and (e["stream"], e["object"]) == key}
        assert row["exposures"] == len(exposures), (key, row, exposures)
    assert not account, f"nobody was told of {account}"
    check_numbers(events)
    return events


def check_numbers(events):
    """Every number once, none missing; of each run every n once, from 1, in order."""
    numbers = [e["seq"] for e in events]
    covered = [n for e in events if e["type"] == "gap" for n in range(e["gap_first"], e["gap_last"] + 1)]
    assert sorted(numbers + covered) == list(range(min(numbers), max(numbers) + 1)), numbers
    runs = {}
    for event in events:
        if event.get("n"):
            runs.setdefault(event["run"], []).append(event["n"])
    for run, counts in runs.items():
        assert counts == list(range(1, len(counts) + 1)), (run, counts)
    return runs
