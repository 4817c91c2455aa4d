#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""lince-stream's end of the link, in what a real daemon cannot be made to do: acknowledge late, read nothing, go away in
the middle of a line, refuse.

usage: link.py LINCE_STREAM LINCE_PROGRAMME LINCE
"""
import atexit
import fcntl
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import wave

PROGRAM, PROGRAMME, LINCE = sys.argv[1:4]
SECRET = "hunter2"


class Daemon:
    """The other end of the socket, one connection at a time."""

    def __init__(self, folder):
        self.folder = folder
        self.path = os.path.join(folder, "streams.sock")
        self.listener = None
        self.connection = None
        self.buffer = b""

    def listen(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(4)
        self.listener.settimeout(20)

    def accept(self, acknowledged=0, greet=True):
        """Takes the next connection; its greeting."""
        self.connection, _ = self.listener.accept()
        self.connection.settimeout(20)
        self.buffer = b""
        greeting = self.line()
        if greet:
            self.send({"lince": "link", "v": 1, "version": "0.1.0", "acknowledged": acknowledged})
        return greeting

    def send(self, message):
        self.connection.sendall(json.dumps(message).encode() + b"\n")

    def line(self):
        while b"\n" not in self.buffer:
            data = self.connection.recv(65536)
            if not data:
                raise EOFError("the stream has closed the link")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def until(self, wanted, seconds=20):
        """Messages up to and including the first that `wanted` holds true."""
        messages = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            messages.append(self.line())
            if wanted(messages[-1]):
                return messages
        raise TimeoutError(f"not in {seconds} s; it said {messages[-20:]}")

    def hang_up(self, unlink=True):
        self.connection.close()
        if unlink:
            self.listener.close()
            os.unlink(self.path)


def is_type(name):
    return lambda message: message.get("type") == name


def lasting(messages):
    return [m for m in messages if "n" in m]


def start(folder, *options, pipelines=None):
    environment = dict(os.environ, **({"LINCE_PIPELINES": pipelines} if pipelines else {}))
    process = subprocess.Popen([PROGRAM, "--run-dir", folder, "--stream", "channel", *options],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    atexit.register(process.kill)  # whatever a test does
    return process


def configure(daemon, uri=None, **more):
    daemon.send({"configure": {"uri": uri or "file://" + folder_of_programme + "/programme.ts", "pipeline": "loop",
                               "collection": folder_of_programme + "/collection", "collection_id": "brands", **more}})


def finish(process, expected=0):
    out, err = process.communicate(timeout=10)
    assert process.returncode == expected, f"exit {process.returncode}, not {expected}: {err}"
    assert out == "", out
    return err


def test_keeps_and_repeats(folder):
    """What was not acknowledged comes again after any break, in order, and nothing else does."""
    process = start(folder)
    time.sleep(0.2)  # it must wait for a daemon that comes later
    daemon = Daemon(folder)
    daemon.listen()
    greeting = daemon.accept()
    assert greeting["stream"] == "channel" and greeting["pid"] == process.pid and greeting.get("unacknowledged", 0) == 0
    configure(daemon)
    first = lasting(daemon.until(is_type("appeared")))
    assert [m["n"] for m in first] == list(range(1, len(first) + 1)), first
    assert [m["state"] for m in first if m["type"] == "stream"] == ["starting", "running"], first
    appeared = first[-1]
    assert appeared["exposure"] == greeting["run"] + "-1" and appeared["collection"] == "brands", appeared
    daemon.hang_up()
    # alone for a while, the stream goes on
    daemon.listen()
    again = daemon.accept(acknowledged=1)
    assert again["run"] == greeting["run"] and again["unacknowledged"] >= len(first), again
    repeated = lasting(daemon.until(lambda m: m.get("n", 0) >= len(first)))
    assert repeated == first[1:], (repeated, first)
    daemon.send({"acknowledge": len(first)})
    # a beat after the acknowledgement: it has been read
    daemon.until(lambda m: "beat" in m)
    daemon.until(lambda m: "beat" in m)
    daemon.hang_up()
    daemon.listen()
    third = daemon.accept(acknowledged=0)
    later = lasting(daemon.until(lambda m: "beat" in m))
    assert all(m["n"] > len(first) for m in later), later
    daemon.send({"stop": True})
    end = []
    try:
        while True:
            end.append(daemon.line())
            if end[-1].get("state") == "stopped":
                daemon.send({"acknowledge": end[-1]["n"]})
    except EOFError:
        pass
    finish(process)
    assert third["run"] == greeting["run"]
    opened = {m["exposure"] for m in lasting(first + later + end) if m["type"] == "appeared"}
    closed = {m["exposure"] for m in lasting(first + later + end) if m["type"] == "vanished"}
    assert opened == closed, (opened, closed)
    assert end and lasting(end)[-1]["state"] == "stopped", end[-1:]


def test_full_socket_drops_moved(folder):
    """A daemon that does not read costs moved messages, never time; the record comes whole."""
    daemon = Daemon(folder)
    daemon.listen()
    process = start(folder)
    daemon.accept()
    configure(daemon)
    before = daemon.until(lambda m: "beat" in m and m["beat"].get("frames", 0) > 5)
    waiting, since = -1, time.monotonic()
    while time.monotonic() - since < 1:  # nothing is read: the socket's buffer fills until nothing more goes in
        size = struct.unpack("i", fcntl.ioctl(daemon.connection, termios.FIONREAD, b"\0\0\0\0"))[0]
        if size != waiting:
            waiting, since = size, time.monotonic()
        time.sleep(0.05)
    beats = [m["beat"] for m in daemon.until(lambda m: "beat" in m and m["beat"].get("dropped", 0) > 0, 30) if "beat" in m]
    assert beats[-1]["frames"] - [m["beat"] for m in before if "beat" in m][-1]["frames"] > 50, beats[-1]
    process.send_signal(signal.SIGTERM)
    try:
        while True:
            daemon.line()
    except EOFError:
        pass
    finish(process)  # without an acknowledgement it waits 2 s and goes


def test_pictures_only_while_looked_at(folder):
    daemon = Daemon(folder)
    daemon.listen()
    pictures = socket.socket(socket.AF_UNIX)
    pictures.bind(os.path.join(folder, "pictures.sock"))
    pictures.listen(1)
    pictures.settimeout(1.5)
    process = start(folder)
    daemon.accept()
    configure(daemon)
    daemon.until(is_type("moved"))
    try:
        pictures.accept()
        raise AssertionError("pictures come though nobody looks")
    except socket.timeout:
        pass
    daemon.send({"look": {"pictures": 10, "width": 320, "for_ms": 5000}})
    pictures.settimeout(10)
    stream, _ = pictures.accept()
    with_placements = 0
    with stream.makefile("rb") as file:
        for _ in range(30):
            header = json.loads(file.readline())
            jpeg = file.read(header["bytes"])
            assert header["width"] == 320 and header["height"] == 180 and header["stream"] == "channel", header
            assert jpeg[:2] == b"\xff\xd8" and jpeg[-2:] == b"\xff\xd9", jpeg[:8]
            with_placements += bool(header["placements"])
        daemon.send({"look": {"pictures": 0, "width": 0, "for_ms": 0}})
        stream.settimeout(5)
        while file.read(65536):
            pass
    assert with_placements > 0
    process.kill()
    process.wait()
    daemon.hang_up()


def test_refused(folder):
    daemon = Daemon(folder)
    daemon.listen()
    process = start(folder)
    daemon.accept(greet=False)
    daemon.send({"error": "no such stream here"})
    assert "no such stream here" in finish(process, 76)


def test_orphaned(folder):
    process = start(folder, "--orphan-seconds", "1")
    begun = time.monotonic()
    finish(process, 69)
    assert time.monotonic() - begun < 8


def test_bad_sources(folder):
    """Each has a state and a sentence, is tried again, and tells no secret."""
    daemon = Daemon(folder)
    daemon.listen()
    process = start(folder)
    daemon.accept()
    garbage = os.path.join(folder, "garbage.ts")
    with open(garbage, "wb") as file:
        file.write(random.Random(1).randbytes(300000))  # the same garbage at every run
    sound = os.path.join(folder, "sound.wav")
    with wave.open(sound, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(16000))
    for uri, says in ((f"file://{folder}/missing.ts", "missing.ts"), (f"file://{garbage}", "type"),
                      (f"file://{sound}", "The source has no video."), ("http://127.0.0.1:9/x.ts", "Nothing answers"),
                      (f"rtsp://joe:{SECRET}@127.0.0.1:9/x?token={SECRET}", ""), ("nonsense://x/y", "nonsense"),
                      ("file:///x ! filesink location=" + folder + "/hacked", "")):
        configure(daemon, uri)
        messages = daemon.until(lambda m: m.get("state") == "backoff")
        assert says in messages[-1]["reason"] and len(messages[-1]["reason"]) > 10, messages[-1]
        assert messages[-1]["retry_in"] > 0
        assert SECRET not in json.dumps(messages), messages
    daemon.until(lambda m: m.get("state") == "starting")
    configure(daemon)
    daemon.until(lambda m: m.get("state") == "running")
    # what the process shows of itself holds no secret either
    for name in ("cmdline", "environ"):
        with open(f"/proc/{process.pid}/{name}", "rb") as file:
            assert SECRET.encode() not in file.read()
    assert not os.path.exists(folder + "/hacked")
    process.terminate()
    try:
        while True:
            daemon.line()
    except EOFError:
        pass
    assert SECRET not in finish(process)


def test_damaged_index(folder):
    """What is found damaged only when it is first used is said too, and no longer once it is whole again."""
    def compile_index():
        subprocess.run([LINCE, "index", folder_of_programme + "/collection", "-o", index], check=True, timeout=60,
                       stdout=subprocess.DEVNULL)
    index = os.path.join(folder, "brands.index")
    compile_index()
    for name in os.listdir(folder):
        if name.endswith(".segment"):
            with open(os.path.join(folder, name), "r+b") as file:
                file.seek(os.path.getsize(file.name) // 2)
                file.write(os.urandom(64))
    daemon = Daemon(folder)
    daemon.listen()
    process = start(folder)
    daemon.accept()
    configure(daemon, collection=index)
    said = daemon.until(lambda m: m.get("state") == "running" and m.get("reason"))[-1]
    assert "checksum" in said["reason"] and ".segment" in said["reason"], said
    compile_index()
    daemon.until(lambda m: m.get("state") == "running" and not m.get("reason"))
    process.kill()
    process.wait()


def test_bad_picture_while_playing(folder):
    """It changes nothing of what is recognised, and is told of all the same."""
    collection = os.path.join(folder, "brands")
    shutil.copytree(folder_of_programme + "/collection", collection)
    daemon = Daemon(folder)
    daemon.listen()
    process = start(folder)
    daemon.accept()
    configure(daemon, collection=collection)
    said = daemon.until(lambda m: m.get("state") == "running")
    assert any("objects" in m for m in said) and not any("problem" in m for m in said), said
    with open(os.path.join(collection, "junk.png"), "w", encoding="utf-8") as file:
        file.write("no picture")
    problem = daemon.until(lambda m: "problem" in m)[-1]["problem"]
    assert problem["reference"] == "junk.png" and "not a picture" in problem["text"], problem
    process.kill()
    process.wait()


def test_stuck_pipeline(folder):
    """A thread that does not let go must not keep the process: it ends, so that another can be started."""
    with open(folder + "/stuck.launch", "w", encoding="utf-8") as file:
        file.write('uridecodebin name=source caps="video/x-raw(ANY)" expose-all-streams=false ! lincerecognize name=recognize '
                   "! identity sleep-time=60000000 ! fakesink async=false")
    daemon = Daemon(folder)
    daemon.listen()
    process = start(folder, pipelines=folder + ":" + os.environ["LINCE_PIPELINES"])
    daemon.accept()
    configure(daemon, pipeline="stuck")
    # the frame has passed lincerecognize, and by the beat after next it sleeps
    daemon.until(lambda m: m.get("state") == "running")
    for _ in range(3):
        daemon.until(lambda m: "beat" in m)
    begun = time.monotonic()
    configure(daemon)
    # the main loop goes on all the while
    beats = 0
    try:
        while time.monotonic() - begun < 12:
            message = daemon.line()
            beats += "beat" in message
            if "n" in message:
                daemon.send({"acknowledge": message["n"]})
    except (EOFError, OSError):
        pass
    assert "does not let go" in finish(process, 70)
    assert beats >= 6 and time.monotonic() - begun < 12, (beats, time.monotonic() - begun)


def test_broken_daemon(folder):
    """Nonsense from the daemon ends the connection, not the stream."""
    daemon = Daemon(folder)
    daemon.listen()
    process = start(folder)
    run = daemon.accept()["run"]
    configure(daemon)
    daemon.until(is_type("moved"))
    for nonsense in (b"{]\n", b"\xff\xfe\n", b"x" * 200000):
        try:
            daemon.connection.sendall(nonsense)
        except OSError:
            pass
        assert daemon.accept()["run"] == run
        daemon.until(is_type("moved"))
    process.kill()
    process.wait()


with tempfile.TemporaryDirectory(prefix="lince-link-") as folder_of_programme:
    subprocess.run([PROGRAMME, "--output", folder_of_programme, "--width", "640", "--height", "360", "--seconds", "6",
                    "--kind", "random", "--references", "6", "--objects", "4"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=100)
    for name, test in list(globals().items()):
        if name.startswith("test_") and (len(sys.argv) < 5 or name in sys.argv[4:]):
            with tempfile.TemporaryDirectory(prefix="lince-link-") as run_dir:
                begun_at = time.monotonic()
                test(run_dir)
                print(f"{name}: {time.monotonic() - begun_at:.1f} s", flush=True)
