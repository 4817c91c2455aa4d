# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemon's tests share: a real linced on a free port, the streams that they steer, and a
small WebSocket client that shows every byte."""
import base64, http.client, json, os, re, shutil, signal, socket, struct, subprocess, tempfile, time

LINCED = os.environ["LINCED"]
HERE = os.path.dirname(os.path.abspath(__file__))
SANITIZED = os.environ.get("LINCE_SANITIZED", "none") != "none"  # memory is not to be measured then
SLOWNESS = float(os.environ.get("LINCE_TEST_SLOWNESS", "1"))


def resident(pid):
    """kB in memory; 0 where sanitizers make that meaningless."""
    with open(f"/proc/{pid}/status") as file:
        return 0 if SANITIZED else next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def wait_for(condition, what, seconds=20):
    """Waits until `condition` returns something true, and returns that."""
    end = time.monotonic() + seconds * SLOWNESS
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        time.sleep(0.02)


def appeared(number=1, name="bug", **more):
    """The fields of an `appeared` event; $RUN becomes the process's run."""
    return {"type": "appeared", "object": name, "name": name.title(), "exposure": f"$RUN-{number}",
            "collection": "marks", "revision": "0123456789abcdef",
            "quad": [[0.1, 0.1], [0.3, 0.1], [0.3, 0.2], [0.1, 0.2]], "confidence": 0.9, "visible": 1,
            "area": 0.02, "track": number, "seen_utc": now_utc(), **more}


def vanished(number=1, name="bug", **more):
    minute = time.strftime("%Y-%m-%dT%H:%M:00.000000Z", time.gmtime())
    return {**appeared(number, name), "type": "vanished", "reason": "gone", "minute": minute,
            "sum_time": 400000000, "sum_frames": 10, "sum_area_time": 8000000, "peak_area": 0.02, **more}


def placement(number=1, name="bug", x=0.1):
    return {"object": name, "exposure": f"$RUN-{number}", "track": number,
            "quad": [[x, 0.1], [x + 0.2, 0.1], [x + 0.2, 0.2], [x, 0.2]],
            "confidence": 0.9, "visible": 1, "area": 0.02}


def now_utc():
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}Z"


class Daemon:
    """A linced of its own, in folders of its own."""

    def __init__(self, config="", streams=("one",), state_dir=None, environment=None):
        self.root = tempfile.mkdtemp(prefix="lince-test-")
        self.state_dir = state_dir or os.path.join(self.root, "state")
        self.run_dir = os.path.join(self.root, "run")
        self.config_path = os.path.join(self.root, "linced.conf")
        self.log_path = os.path.join(self.root, "log")
        self.environment = {**os.environ, "LINCE_STREAM": os.path.join(HERE, "steered_stream.py"),
                            **(environment or {})}
        self.process = None
        self.steers = {}
        text = config if "[daemon]" in config else f"[daemon]\n{config}\n"
        for stream in streams:
            text += f"[stream {stream}]\nuri=test://user:secret@host/{stream}?key=hidden\ncollection=marks\n"
        with open(self.config_path, "w") as file:
            file.write(text)

    def start(self):
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [LINCED, "--config", self.config_path, "--state-dir", self.state_dir, "--run-dir", self.run_dir,
             "--port", "0"], stdout=subprocess.PIPE, stderr=log, env=self.environment, text=True)
        log.close()
        line = self.process.stdout.readline()
        match = re.fullmatch(r"linced: listening on http://(.*):(\d+)/\n", line)
        if not match:
            raise AssertionError(f"linced said {line!r}:\n{self.log()}")
        self.host, self.port = match[1].strip("[]"), int(match[2])
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        for steer in self.steers.values():
            steer.close()
        code = None
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                code = self.process.wait(20 * SLOWNESS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
        if self.process:
            self.process.stdout.close()
        self.end_streams()
        if kind or code:
            print(self.log())
        shutil.rmtree(self.root, ignore_errors=True)
        if code and not kind:  # a sanitizer found something
            raise AssertionError(f"linced ended with {code}")

    def end_streams(self):
        """Ends what outlived its daemon."""
        folder = os.path.join(self.run_dir, "processes")
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            with open(os.path.join(folder, name)) as file:
                try:
                    os.kill(int(file.read().split()[0]), signal.SIGKILL)
                except (ProcessLookupError, ValueError, IndexError):
                    pass

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        for steer in self.steers.values():
            steer.close()
        self.steers = {}

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def token(self):
        with open(os.path.join(self.state_dir, "token")) as file:
            return file.read().strip()

    def request(self, method, path, headers=None, body=None, token=False, timeout=20):
        """(status, headers, bytes)"""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout * SLOWNESS)
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {self.token()}"
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def get(self, path, **more):
        status, _, body = self.request("GET", path, **more)
        assert status == 200, (status, body)
        return json.loads(body)

    def stream(self, name="one"):
        return self.get(f"/api/v1/streams/{name}")

    def wait_running(self, name="one", seconds=20):
        return wait_for(lambda: (s := self.stream(name))["state"] == "running" and s,
                        f"stream {name} to run", seconds)

    def events(self, after=0, **fields):
        """All events of the log behind `after`, page by page."""
        events = []
        while True:
            query = "&".join([f"after={after}", "limit=1000"] + [f"{k}={v}" for k, v in fields.items()])
            page = self.get(f"/api/v1/events?{query}")
            events += page["events"]
            if page["next"] >= page["seq"]:
                return events
            after = page["next"]

    # ---- streams ----

    def steer(self, command, name="one"):
        path = os.path.join(self.run_dir, f"steer-{name}.sock")
        for attempt in range(2):
            try:
                if name not in self.steers:
                    self.steers[name] = socket.socket(socket.AF_UNIX)
                    self.steers[name].settimeout(20 * SLOWNESS)
                    self.steers[name].connect(path)
                sock = self.steers[name]
                sock.sendall(json.dumps(command).encode() + b"\n")
                answer = b""
                while not answer.endswith(b"\n"):
                    data = sock.recv(1 << 20)
                    if not data:
                        raise ConnectionError("the stream's process ended")
                    answer += data
                return json.loads(answer)
            except OSError:
                self.steers.pop(name).close()
                if attempt or command["do"] == "exit":
                    return {}
                wait_for(lambda: os.path.exists(path), "the stream's process")

    def event(self, event, name="one"):
        return self.steer({"do": "event", "event": event}, name)

    def websocket(self, query="", **more):
        return WebSocket(self.host, self.port, "/api/v1/events" + (f"?{query}" if query else ""), **more)


class Refused(Exception):
    def __init__(self, status, head, body):
        super().__init__(f"{status}: {body}")
        self.status, self.head, self.body = status, head, body


class WebSocket:
    """RFC 6455 from the client's side; deliberately without cleverness."""

    def __init__(self, host, port, path, headers=None, receive_buffer=None, timeout=20):
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout * SLOWNESS)
        self.socket.connect((host, port))
        key = base64.b64encode(os.urandom(16)).decode()
        fields = {"Host": f"{host}:{port}", "Upgrade": "websocket", "Connection": "Upgrade",
                  "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13", **(headers or {})}
        lines = [f"GET {path} HTTP/1.1"] + [f"{k}: {v}" for k, v in fields.items() if v is not None]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        self.head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        status = int(self.head.split()[1])
        if status != 101:
            length = re.search(rb"(?i)content-length: (\d+)", self.head)
            while length and len(self.buffer) < int(length[1]):
                self.fill()
            self.close()
            raise Refused(status, self.head, self.buffer)
        self.close_code = None

    def fill(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server ended the connection")
        self.buffer += data

    def take(self, count):
        while len(self.buffer) < count:
            self.fill()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def frame(self):
        """(opcode, payload)"""
        first, second = self.take(2)
        assert first & 0x80 and not first & 0x70, "the server sends whole frames without extensions"
        assert not second & 0x80, "a server does not mask"
        length = second
        if length == 126:
            length, = struct.unpack(">H", self.take(2))
        elif length == 127:
            length, = struct.unpack(">Q", self.take(8))
        return first & 15, self.take(length)

    def receive(self):
        """The next message as JSON; None when the server has closed."""
        while True:
            opcode, payload = self.frame()
            if opcode == 1:
                return json.loads(payload)
            if opcode == 9:
                self.send(payload, 10)
            elif opcode == 8:
                self.close_code = struct.unpack(">H", payload[:2])[0] if payload else 1005
                return None

    def receive_until(self, condition, most=100000):
        for _ in range(most):
            message = self.receive()
            assert message is not None, f"closed with {self.close_code}"
            if condition(message):
                return message
        raise AssertionError("too many messages")

    def send_raw(self, data):
        self.socket.sendall(data)

    @staticmethod
    def make_frame(payload, opcode=1, final=True, mask=True, length=None):
        size = len(payload) if length is None else length
        head = bytes([(0x80 if final else 0) | opcode])
        bit = 0x80 if mask else 0
        if size < 126:
            head += bytes([bit | size])
        elif size < 65536:
            head += bytes([bit | 126]) + struct.pack(">H", size)
        else:
            head += bytes([bit | 127]) + struct.pack(">Q", size)
        if not mask:
            return head + payload
        key = os.urandom(4)
        return head + key + bytes(b ^ key[i & 3] for i, b in enumerate(payload))

    def send(self, payload, opcode=1, **more):
        self.send_raw(self.make_frame(payload, opcode, **more))

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
