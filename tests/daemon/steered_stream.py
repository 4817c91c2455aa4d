#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stream's process that does what a test says: speaks the link's protocol to the real daemon,
which starts it as it starts lince-stream (LINCE_STREAM names it). No pictures are analysed.

The test connects to RUN_DIR/steer-ID.sock and sends JSON lines, each answered by one:
  {"do":"event","event":{…}}   a lasting event: gets run and n, is kept until acknowledged
  {"do":"lines","lines":[…]}   sent as they are
  {"do":"moved","placements":[…],"count":N,"period":S}   N moved events, one every S seconds
  {"do":"told"}                answers with what the daemon said, and what waits to be acknowledged
  {"do":"picture","header":{…},"body":"…"}
  {"do":"state","state":"stalled"}   what the heart-beats say
  {"do":"hang"}                no heart-beat any more
  {"do":"freeze"}              heart-beats, but no frame passes the recogniser
  {"do":"lose"}                loses the link, and connects again
  {"do":"exit","code":N}
"""
import argparse, datetime, json, os, select, signal, socket, sys, time

parser = argparse.ArgumentParser()
parser.add_argument("--run-dir", required=True)
parser.add_argument("--stream", required=True)
options = parser.parse_args()

RUN = os.urandom(16).hex()
started = time.monotonic()


def utc(seconds=None):
    now = datetime.datetime.fromtimestamp(seconds or time.time(), datetime.timezone.utc)
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def running_time():
    return int((time.monotonic() - started) * 1e9)


class Stream:
    def __init__(self):
        self.link = None
        self.buffer = b""
        self.greeted = False
        self.next_try = 0
        self.number = 0
        self.kept = {}
        self.told = []
        self.turns = 0
        self.frames = 0
        self.hanging = False
        self.frozen = False
        self.state = "running"
        self.plan = []  # (when, line)
        self.pictures = None
        path = os.path.join(options.run_dir, f"steer-{options.stream}.sock")
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        self.steer = socket.socket(socket.AF_UNIX)
        self.steer.bind(path)
        self.steer.listen(4)
        self.steerers = {}

    # ---- the link ----

    def connect(self):
        self.next_try = time.monotonic() + 0.1
        link = socket.socket(socket.AF_UNIX)
        try:
            link.connect(os.path.join(options.run_dir, "streams.sock"))
        except OSError:
            link.close()
            return
        self.link, self.buffer, self.greeted = link, b"", False
        self.send({"lince": "link", "v": 1, "stream": options.stream, "run": RUN, "pid": os.getpid(),
                   "version": "0.1.0", "unacknowledged": len(self.kept)})

    def send(self, message):
        self.send_line(json.dumps(message))

    def send_line(self, line):
        if self.link:
            try:
                self.link.sendall(line.encode() + b"\n")
            except OSError:
                self.lose()

    def lose(self):
        if self.link:
            self.link.close()
        self.link = None

    def read(self):
        try:
            data = self.link.recv(65536)
        except OSError:
            data = b""
        if not data:
            return self.lose()
        self.buffer += data
        while self.link and b"\n" in self.buffer:
            line, self.buffer = self.buffer.split(b"\n", 1)
            self.take(json.loads(line))

    def take(self, message):
        self.told.append(message)
        if message.get("lince") == "link":
            self.greeted = True
            self.acknowledge(message.get("acknowledged", 0))
            for number in sorted(self.kept):
                self.send(self.kept[number])
        elif "acknowledge" in message:
            self.acknowledge(message["acknowledge"])
        elif "stop" in message:
            sys.exit(0)
        elif "error" in message:
            self.lose()
            self.next_try = time.monotonic() + 0.5

    def acknowledge(self, number):
        self.kept = {n: event for n, event in self.kept.items() if n > number}

    def beat(self):
        self.turns += 1
        self.frames += 0 if self.frozen else 12
        if self.greeted:
            self.send({"beat": {"main": self.turns, "pipeline": self.frames, "frames": self.frames,
                                "dropped": 0, "pts": running_time(), "running_time": running_time(),
                                "recognize_ns": 4000000, "state": self.state}})

    # ---- the test ----

    def obey(self, command):
        what = command["do"]
        if what == "event":
            self.number += 1
            base = {"v": 1, "type": "appeared", "stream": options.stream, "run": RUN, "n": self.number,
                    "running_time": running_time(), "utc": utc(), "utc_source": "arrival"}
            event = {**base, **command["event"]}
            event = json.loads(json.dumps(event).replace("$RUN", RUN))
            self.kept[self.number] = event
            if self.greeted:
                self.send(event)
            return {"n": self.number, "run": RUN}
        if what == "lines":
            for line in command["lines"]:
                self.send_line(line.replace("$RUN", RUN))
        elif what == "moved":
            for i in range(command.get("count", 1)):
                self.plan.append((time.monotonic() + i * command.get("period", 0), command["placements"]))
        elif what == "told":
            return {"told": self.told, "kept": len(self.kept), "run": RUN, "pid": os.getpid()}
        elif what == "picture":
            if not self.pictures:
                self.pictures = socket.socket(socket.AF_UNIX)
                self.pictures.connect(os.path.join(options.run_dir, "pictures.sock"))
            body = command.get("body", "").encode("latin-1")
            header = {"lince": "picture", "v": 1, "stream": options.stream, "run": RUN, "pts": 1, "utc": utc(),
                      "running_time": 1000, "width": 640, "height": 360, "bytes": len(body), "placements": [],
                      **command["header"]}
            self.pictures.sendall(json.dumps(header).replace("$RUN", RUN).encode() + b"\n" + body)
        elif what == "state":
            self.state = command["state"]
        elif what == "freeze":
            self.frozen = True
        elif what == "lose":
            self.lose()
        elif what == "hang":
            self.hanging = True
        elif what == "exit":
            os._exit(command["code"])
        return {}

    def send_moved(self, placements):
        self.send_line(json.dumps({
            "v": 1, "type": "moved", "stream": options.stream, "run": RUN, "running_time": running_time(),
            "utc": utc(), "utc_source": "arrival", "width": 1280, "height": 720,
            "pixel_aspect": [1, 1], "placements": placements}).replace("$RUN", RUN))

    def read_steerer(self, steerer):
        data = steerer.recv(1 << 20)
        if not data:
            del self.steerers[steerer]
            steerer.close()
            return
        self.steerers[steerer] += data
        while b"\n" in self.steerers.get(steerer, b""):
            line, self.steerers[steerer] = self.steerers[steerer].split(b"\n", 1)
            steerer.sendall(json.dumps(self.obey(json.loads(line))).encode() + b"\n")

    def run(self):
        next_beat = 0
        while True:
            now = time.monotonic()
            if self.hanging:
                time.sleep(0.1)
                continue
            if not self.link and now >= self.next_try:
                self.connect()
            if now >= next_beat:
                next_beat = now + 0.5
                self.beat()
            while self.plan and self.plan[0][0] <= now:
                self.send_moved(self.plan.pop(0)[1])
            wait = max(0, min([next_beat, self.next_try if not self.link else next_beat]
                              + [when for when, _ in self.plan[:1]]) - time.monotonic())
            sources = [self.steer, *self.steerers] + ([self.link] if self.link else [])
            for ready in select.select(sources, [], [], wait)[0]:
                if ready is self.steer:
                    self.steerers[self.steer.accept()[0]] = b""
                elif ready is self.link:
                    self.read()
                elif ready in self.steerers:
                    self.read_steerer(ready)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
Stream().run()
