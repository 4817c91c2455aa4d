# SPDX-License-Identifier: LGPL-2.1-or-later
"""What clients do that they should not: the daemon stays small, alive and closed."""
import concurrent.futures, contextlib, os, re, socket, struct, time, unittest

from support import Daemon, Refused, SLOWNESS, WebSocket, appeared, resident, wait_for


class Http(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.daemon = cls.stack.enter_context(Daemon(config="allowed-hosts=lince.example\n"
                                                           "allowed-origins=https://desk.example\n"))
        cls.daemon.wait_running()

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def tearDown(self):
        self.assertEqual(self.daemon.get("/api/v1/health")["status"], "ok")

    def raw(self, data, timeout=20):
        """All that the server answers until it ends the connection."""
        with socket.create_connection((self.daemon.host, self.daemon.port), timeout * SLOWNESS) as sock:
            answer = b""
            try:
                sock.sendall(data)
                while chunk := sock.recv(65536):
                    answer += chunk
            except ConnectionError:
                pass
            return answer

    def error(self, expected, method, path, code=None, **more):
        status, headers, body = self.daemon.request(method, path, **more)
        self.assertEqual(status, expected, body)
        if method != "HEAD":
            self.assertRegex(body, rb'^\{"error":\{"code":"[a-z-]+","message":".+"\}\}$')
        if code:
            self.assertIn(f'"{code}"'.encode(), body)
        return headers

    def test_ranges_are_not_served(self):
        ranges = ",".join(f"{i}-" for i in range(2000))
        status, headers, body = self.daemon.request("GET", "/", headers={"Range": f"bytes={ranges}"})
        self.assertEqual(status, 200)
        self.assertLess(len(body), 100000)

    def test_bodies_are_limited(self):
        path = "/api/v1/streams/one/restart"
        before = resident(self.daemon.process.pid)
        self.error(413, "POST", path, body=b"x" * (65 * 1024), token=True)
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000000\r\n\r\n".encode()
        answer = self.raw(head + b"x" * (8 << 20))
        self.assertTrue(answer == b"" or b" 413 " in answer.split(b"\r\n")[0], answer[:200])
        chunked = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        answer = self.raw(chunked + b"10000\r\n" + b"x" * 65536 + b"\r\n" + b"10000\r\n" + b"x" * 65536)
        self.assertTrue(answer == b"" or b" 411 " in answer.split(b"\r\n")[0], answer[:200])
        both = (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n").encode()
        answer = self.raw(both)
        self.assertIn(b" 411 ", answer.split(b"\r\n")[0])
        self.assertLess(resident(self.daemon.process.pid) - before, 20 * 1024)

    def test_addresses_and_methods(self):
        self.error(414, "GET", "/" + "x" * 5000, "uri-too-long")
        self.error(404, "GET", "/api/v1/nothing", "not-found")
        self.error(404, "GET", "/../../etc/passwd", "not-found")
        self.error(404, "GET", "/%2e%2e/%2e%2e/etc/passwd", "not-found")
        self.error(404, "GET", "/api/v1/streams/nothing", "no-such-stream")
        self.assertIn(self.daemon.request("GET", "/api/v1/streams/..%2fone")[0], (400, 404))
        headers = self.error(405, "DELETE", "/api/v1/streams", "method-not-allowed")
        self.assertEqual(headers["Allow"], "GET, HEAD")
        self.error(405, "GET", "/api/v1/ws-ticket", "method-not-allowed")
        self.error(405, "POST", "/", "method-not-allowed")
        self.error(400, "GET", "/api/v1/events?limit=0", "bad-query")
        self.error(400, "GET", "/api/v1/events?limit=1001", "bad-query")
        self.error(400, "GET", "/api/v1/events?limit=x", "bad-query")
        self.error(400, "GET", "/api/v1/events?typ=appeared", "bad-query")
        self.error(400, "GET", "/api/v1/events?type=moped", "bad-query")
        self.error(400, "GET", "/api/v1/events?object=%2e%2e", "bad-query")
        self.error(400, "GET", "/api/v1/streams?x=1", "bad-query")
        self.error(400, "GET", "/api/v1/statistics?by=moon", "bad-query")
        self.error(400, "GET", "/api/v1/statistics?from=yesterday", "bad-query")
        self.error(400, "GET", "/api/v1/statistics?timezone=Middle/Earth", "bad-query")
        status, headers, body = self.daemon.request("HEAD", "/api/v1/health")
        self.assertEqual((status, body), (200, b""))
        self.assertGreater(int(headers["Content-Length"]), 2)

    def test_garbage(self):
        for data in (b"\0" * 1000, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00" + os.urandom(500),
                     b"GET / HTTP/1.1\r\nHost\r\n\r\n",
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"):
            with self.subTest(data[:20]):
                answer = self.raw(data + b"\r\n\r\n", timeout=30)
                self.assertNotIn(b" 200 ", answer[:15])

    def test_hosts(self):
        for host in ("evil.example", "localhost.evil.example", "10.1.2.3", "", "127.0.0.1.evil.example:80"):
            with self.subTest(host):
                self.error(421, "GET", "/api/v1/health", "bad-host", headers={"Host": host})
                self.error(421, "GET", "/", "bad-host", headers={"Host": host})
        for host in ("localhost", "LOCALHOST:1234", "127.0.0.1", "[::1]:8770", "lince.example", "lince.example:443"):
            with self.subTest(host):
                self.assertEqual(self.daemon.request("GET", "/api/v1/health", headers={"Host": host})[0], 200)
        answer = self.raw(b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        self.assertRegex(answer.split(b"\r\n")[0], rb" 4\d\d ")

    def test_origins(self):
        own = f"http://127.0.0.1:{self.daemon.port}"
        for origin in ("http://evil.example", "null", "http://127.0.0.1:1", own + ".evil.example", "file://"):
            with self.subTest(origin):
                self.error(403, "GET", "/api/v1/streams", "foreign-origin", headers={"Origin": origin})
                with self.assertRaises(Refused) as refusal:
                    self.daemon.websocket(headers={"Origin": origin})
                self.assertEqual(refusal.exception.status, 403)
        self.error(403, "GET", "/api/v1/streams", "foreign-origin", headers={"Sec-Fetch-Site": "cross-site"})
        self.assertEqual(self.daemon.request("GET", "/", headers={"Sec-Fetch-Site": "cross-site"})[0], 200)
        self.assertEqual(self.daemon.request("GET", "/api/v1/streams", headers={"Origin": own})[0], 200)
        status, headers, _ = self.daemon.request("GET", "/api/v1/streams", headers={"Origin": "https://desk.example"})
        self.assertEqual((status, headers["Access-Control-Allow-Origin"]), (200, "https://desk.example"))
        status, headers, _ = self.daemon.request("OPTIONS", "/api/v1/streams/one/restart", headers={"Origin": "https://desk.example"})
        self.assertEqual(status, 204)
        self.assertIn("Authorization", headers["Access-Control-Allow-Headers"])
        self.daemon.websocket(headers={"Origin": own}).close()

    def test_what_changes_needs_the_token(self):
        token = self.daemon.token()
        for path in ("/api/v1/ws-ticket", "/api/v1/streams/one/restart", "/api/v1/login", "/api/v1/logout"):
            for headers in ({}, {"Authorization": f"Bearer {token[:-1]}"}, {"Authorization": f"Bearer {token}x"},
                            {"Authorization": token}, {"Authorization": "Bearer " + "0" * 64},
                            {"Cookie": f"lince_session={token}"}):
                with self.subTest(path=path, headers=headers):
                    answer = self.error(401, "POST", path, "unauthorized", headers=headers)
                    self.assertIn("Bearer", answer["WWW-Authenticate"])

    def test_half_open_connections_are_ended(self):
        count = 200
        sockets = [socket.create_connection((self.daemon.host, self.daemon.port)) for _ in range(count)]
        for number, sock in enumerate(sockets):
            sock.sendall(b"" if number % 2 else b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        sent = sockets[0]
        ended = 0
        end = time.monotonic() + 40 * SLOWNESS
        for number, sock in enumerate(sockets):
            while time.monotonic() < end:
                sock.settimeout(0.5)
                try:
                    sent.sendall(b"a")  # slowly, but never silent
                except OSError:
                    pass
                try:
                    ended += sock.recv(1000) == b""
                    break
                except ConnectionError:
                    ended += 1
                    break
                except TimeoutError:
                    continue
            sock.close()
        self.assertEqual(ended, count)
        wait_for(lambda: self.daemon.get("/api/v1/health")["connections"] == 1, "all to be forgotten")
        self.assertGreaterEqual(self.daemon.get("/api/v1/health")["refused"], count)

    def test_secrets_are_nowhere(self):
        texts = [self.daemon.log()]
        for path in ("/api/v1/streams", "/api/v1/streams/one", "/api/v1/health", "/api/v1/events?limit=1000", "/api/v1/objects"):
            texts.append(self.daemon.request("GET", path)[2].decode())
        pid = self.daemon.steer({"do": "told"})["pid"]
        for process in (pid, self.daemon.process.pid):
            for name in ("cmdline", "environ"):
                with open(f"/proc/{process}/{name}") as file:
                    texts.append(file.read())
        with self.daemon.websocket() as client:
            texts.append(str(client.receive()))
        for text in texts:
            self.assertNotIn("secret", text.replace("secrets", ""))
            self.assertNotIn("hidden", text)
            self.assertNotIn(self.daemon.token(), text)
        self.assertIn("***@host/one?key=***", texts[1])
        # to the stream it went all the same
        told = str(self.daemon.steer({"do": "told"})["told"])
        self.assertIn("user:secret@host/one?key=hidden", told)


class Sockets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.daemon = cls.stack.enter_context(Daemon())
        cls.daemon.wait_running()

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def closes_with(self, code, *frames):
        with self.daemon.websocket() as client:
            client.receive()
            try:
                for frame in frames:
                    client.send_raw(frame)
            except ConnectionError:
                pass
            while client.receive() is not None:
                pass
            self.assertEqual(client.close_code, code)

    def test_broken_frames(self):
        frame = WebSocket.make_frame
        self.closes_with(1002, frame(b"not masked", mask=False))
        self.closes_with(1002, frame(b"", opcode=3))
        self.closes_with(1002, frame(b"", opcode=0))
        self.closes_with(1002, frame(b"a", final=False), frame(b"b", opcode=1))
        self.closes_with(1002, frame(b"x" * 126, opcode=9))
        self.closes_with(1002, frame(b"", opcode=9, final=False))
        self.closes_with(1002, b"\xf1\x80aaaa")
        self.closes_with(1002, frame(struct.pack(">H", 1005), opcode=8))
        self.closes_with(1002, frame(b"\x03", opcode=8))
        self.closes_with(1007, frame(b"\xff\xfe"))
        self.closes_with(1009, frame(b"", length=1 << 40))
        self.closes_with(1009, frame(b"x" * 16385))
        self.closes_with(1000, frame(struct.pack(">H", 1000) + b"bye", opcode=8))
        self.closes_with(1000, frame(b"", opcode=8))

    def test_fragments_without_end(self):
        before = resident(self.daemon.process.pid)
        frame = WebSocket.make_frame
        self.closes_with(1009, frame(b"x" * 8000, final=False), frame(b"x" * 8000, opcode=0, final=False),
                         frame(b"x" * 8000, opcode=0, final=False))
        self.closes_with(1009, frame(b"", final=False), *[frame(b"", opcode=0, final=False)] * 70)
        with self.daemon.websocket() as client:
            client.receive()
            with self.assertRaises(OSError):
                client.send(b"x", final=False)
                for _ in range(20000):
                    client.send_raw(frame(b"x" * 15000, opcode=0, final=False))
        self.assertLess(resident(self.daemon.process.pid) - before, 20 * 1024)

    def test_byte_by_byte_and_many_at_once(self):
        with self.daemon.websocket() as client:
            client.receive()
            for byte in WebSocket.make_frame(b"slowly", opcode=9):
                client.send_raw(bytes([byte]))
                time.sleep(0.001)
            self.assertEqual(client.frame(), (10, b"slowly"))
            frames = b"".join(WebSocket.make_frame(str(i).encode(), opcode=9) for i in range(500))
            client.send_raw(frames + WebSocket.make_frame(b"a", final=False)
                            + WebSocket.make_frame(b"between", opcode=9) + WebSocket.make_frame(b"b", opcode=0))
            self.assertEqual([client.frame()[1] for _ in range(501)],
                             [str(i).encode() for i in range(500)] + [b"between"])

    def test_handshakes_that_are_none(self):
        for headers, status in (({"Sec-WebSocket-Key": None}, 400), ({"Sec-WebSocket-Version": "8"}, 400),
                                ({"Sec-WebSocket-Key": "short"}, 400), ({"Connection": "close"}, 400)):
            with self.subTest(headers=headers):
                with self.assertRaises(Refused) as refusal:
                    self.daemon.websocket(headers=headers)
                self.assertEqual(refusal.exception.status, status)
        with self.daemon.websocket(headers={"Sec-WebSocket-Extensions": "permessage-deflate"}) as client:
            self.assertNotIn(b"xtensions", client.head)
            client.receive()
        for query in ("type=x", "after=1", "log=x", "limit=3", "metadata=2", "after=-1&log=x",
                      "&".join(f"object=o{i}" for i in range(65))):
            with self.assertRaises(Refused, msg=query) as refusal:
                self.daemon.websocket(query)
            self.assertEqual(refusal.exception.status, 400)

    def test_connections_are_counted(self):
        with Daemon(config="max-connections=32\n", streams=()) as daemon, contextlib.ExitStack() as stack:
            clients = []
            with self.assertRaises((ConnectionError, Refused)):
                for _ in range(40):
                    clients.append(stack.enter_context(daemon.websocket()))
            self.assertGreaterEqual(len(clients), 28)
            self.assertLessEqual(len(clients), 32)
            for client in clients[:10]:
                client.close()
            wait_for(lambda: self.can_ask(daemon), "room again")

    def can_ask(self, daemon):
        try:
            return daemon.get("/api/v1/health")["clients"] < 32
        except ConnectionError:
            return False

    def test_a_crowd_comes_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            clients = list(pool.map(lambda _: self.daemon.websocket(), range(400)))
        for client in clients:
            self.assertEqual(client.receive()["type"], "hello")
        for client in clients:
            client.close()
        wait_for(lambda: self.daemon.get("/api/v1/health")["clients"] == 0, "all to be gone")


class Open(unittest.TestCase):
    """Listening elsewhere than on loopback (0.0.0.0 is asked for, the loopback address is used)."""

    def test_reading_needs_the_token(self):
        with Daemon(config="listen=0.0.0.0\n") as daemon:
            daemon.host = "127.0.0.1"
            token = daemon.token()
            self.assertEqual(daemon.request("GET", "/api/v1/streams")[0], 401)
            self.assertEqual(daemon.request("GET", "/api/v1/streams", token=True)[0], 200)
            self.assertEqual(daemon.request("GET", "/")[0], 200)
            status, _, body = daemon.request("GET", "/api/v1/health")
            self.assertEqual((status, body), (200, b'{"status":"ok"}'))
            with self.assertRaises(Refused) as refusal:
                daemon.websocket()
            self.assertEqual(refusal.exception.status, 401)
            daemon.websocket(headers={"Authorization": f"Bearer {token}"}).close()
            # a page cannot set that header: a subprotocol, a ticket, a cookie
            client = daemon.websocket(headers={"Sec-WebSocket-Protocol": f"lince, bearer.{token}"})
            self.assertRegex(client.head, rb"(?i)sec-websocket-protocol: lince\r?\n?")
            self.assertNotIn(token.encode(), client.head)
            client.close()
            status, _, body = daemon.request("POST", "/api/v1/ws-ticket", token=True)
            self.assertEqual(status, 201)
            ticket = re.search(rb'"ticket":"([0-9a-f]{64})"', body)[1].decode()
            self.assertEqual(daemon.request("GET", f"/api/v1/streams?ticket={ticket}")[0], 401)
            daemon.websocket(f"ticket={ticket}").close()
            with self.assertRaises(Refused) as refusal:
                daemon.websocket(f"ticket={ticket}")
            self.assertEqual(refusal.exception.status, 401, "a ticket is good once")
            status, headers, _ = daemon.request("POST", "/api/v1/login", token=True)
            self.assertEqual(status, 204)
            self.assertRegex(headers["Set-Cookie"], "HttpOnly; SameSite=Strict")
            cookie = {"Cookie": headers["Set-Cookie"].split(";")[0]}
            self.assertEqual(daemon.request("GET", "/api/v1/streams", headers=cookie)[0], 200)
            daemon.websocket(headers=cookie).close()
            self.assertEqual(daemon.request("POST", "/api/v1/logout", headers=cookie)[0], 204)
            self.assertEqual(daemon.request("GET", "/api/v1/streams", headers=cookie)[0], 401)

    def test_the_token_file(self):
        with Daemon(streams=()) as daemon:
            path = os.path.join(daemon.state_dir, "token")
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            self.assertRegex(daemon.token(), "^[0-9a-f]{64}$")
            for name in (daemon.state_dir, daemon.run_dir):
                self.assertEqual(os.stat(name).st_mode & 0o777, 0o700)
            token = daemon.token()
            daemon.kill()
            daemon.start()
            self.assertEqual(daemon.token(), token)
            daemon.kill()
            os.chmod(path, 0o644)
            with self.assertRaises(AssertionError) as refusal:
                daemon.start()
            self.assertIn("only its owner can read", str(refusal.exception))
            daemon.process.stdout.close()
            self.assertEqual(daemon.process.wait(), 69)


if __name__ == "__main__":
    unittest.main(verbosity=2)
