# SPDX-License-Identifier: LGPL-2.1-or-later
"""Events over the WebSocket: hello, order, filters, resuming, slow clients, the end."""
import asyncio, contextlib, json, threading, time, unittest

import websockets

from support import Daemon, appeared, placement, resident, vanished, wait_for


class Events(unittest.TestCase):
    def test_hello_tells_streams_and_what_stands(self):
        with Daemon(streams=("one", "two")) as daemon:
            daemon.wait_running("one")
            daemon.event(appeared(1, "bug"))
            wait_for(lambda: daemon.get("/api/v1/exposures")["exposures"], "the exposure")
            daemon.steer({"do": "moved", "placements": [placement(1, "bug", 0.5)]})
            wait_for(lambda: daemon.get("/api/v1/exposures")["exposures"][:1]
                     and daemon.get("/api/v1/exposures")["exposures"][0]["quad"][0][0] == 0.5, "the placement")
            with daemon.websocket() as client:
                hello = client.receive()
                self.assertEqual(hello["type"], "hello")
                self.assertEqual(hello["log"], daemon.get("/api/v1/health")["log"])
                self.assertEqual({s["stream"] for s in hello["streams"]}, {"one", "two"})
                self.assertEqual(len(hello["exposures"]), 1)
                exposure = hello["exposures"][0]
                self.assertEqual((exposure["type"], exposure["object"]), ("appeared", "bug"))
                self.assertEqual(exposure["quad"][0], [0.5, 0.1])
                self.assertNotIn("resumed", hello)
            with daemon.websocket("stream=two") as client:
                hello = client.receive()
                self.assertEqual([s["stream"] for s in hello["streams"]], ["two"])
                self.assertEqual(hello["exposures"], [])

    def test_numbers_rise_without_gap_and_moved_has_none(self):
        with Daemon() as daemon:
            daemon.wait_running()
            with daemon.websocket() as client:
                last = client.receive()["seq"]
                for number in range(1, 101):
                    daemon.event(appeared(number))
                    daemon.steer({"do": "moved", "placements": [placement(number)]})
                    daemon.event(vanished(number))
                seen = moved = 0
                while seen < 200:
                    event = client.receive()
                    if event["type"] == "moved":
                        self.assertNotIn("seq", event)
                        self.assertIn("received", event)
                        moved += 1
                    else:
                        self.assertEqual(event["seq"], last + 1)
                        last = event["seq"]
                        seen += event["type"] in ("appeared", "vanished")
                self.assertGreater(moved, 0)
            wait_for(lambda: daemon.steer({"do": "told"})["kept"] == 0, "all to be acknowledged")

    def test_filters(self):
        with Daemon(streams=("one", "two")) as daemon:
            daemon.wait_running("one")
            daemon.wait_running("two")
            with daemon.websocket("object=poster") as poster, daemon.websocket("type=vanished,gap") as ends, \
                    daemon.websocket("stream=two&type=appeared&type=moved") as two:
                for client in (poster, ends, two):
                    client.receive()
                daemon.event(appeared(1, "bug"))
                daemon.event(appeared(2, "poster"))
                daemon.steer({"do": "moved", "placements": [placement(1, "bug")]})
                daemon.steer({"do": "moved", "placements": [placement(1, "bug"), placement(2, "poster")]})
                daemon.steer({"do": "moved", "placements": [placement(1, "bug")]})
                daemon.steer({"do": "moved", "placements": []})
                daemon.event(vanished(1, "bug"))
                daemon.event(appeared(1, "bug"), "two")
                daemon.event(vanished(2, "poster"))
                got = []
                poster.receive_until(lambda m: got.append(m) or m["type"] == "vanished")
                # what passes does not wait for what is being logged: each has an order of its own
                passing = [m["placements"] for m in got if m["type"] == "moved"]
                self.assertEqual([m["object"] for m in got if m["type"] != "moved"], ["poster", "poster"])
                self.assertEqual([[p["object"] for p in placements] for placements in passing], [["poster"], []])
                self.assertEqual([ends.receive()["object"] for _ in range(2)], ["bug", "poster"])
                self.assertEqual(two.receive()["stream"], "two")

    def test_metadata_joined_on_request(self):
        with Daemon() as daemon:
            daemon.wait_running()
            objects = [{"id": "bug", "name": "Bug", "metadata": {"sponsor": "Äcme", "n": [1, 2]}}, {"id": "plain", "name": "Plain"}]
            daemon.steer({"do": "lines", "lines": [json.dumps({"objects": {
                "collection": "marks", "revision": "abcdef", "part": 1, "parts": 1, "objects": objects}})]})
            wait_for(lambda: daemon.stream()["objects"] == 2, "the objects")
            self.assertEqual(daemon.stream()["revision"], "abcdef")
            listed = daemon.get("/api/v1/objects?stream=one")["streams"][0]["objects"]
            self.assertEqual(listed, objects)
            daemon.event(appeared(1, "bug"))
            wait_for(lambda: daemon.get("/api/v1/exposures")["exposures"], "the exposure")
            with daemon.websocket("metadata=1") as rich, daemon.websocket() as plain:
                self.assertEqual(rich.receive()["exposures"][0]["metadata"]["sponsor"], "Äcme")
                self.assertNotIn("metadata", plain.receive()["exposures"][0])
                daemon.event(vanished(1, "bug"))
                daemon.event(appeared(2, "plain"))
                self.assertEqual(rich.receive()["metadata"], {"sponsor": "Äcme", "n": [1, 2]})
                self.assertNotIn("metadata", rich.receive())
                self.assertNotIn("metadata", plain.receive())

    def test_resume_from_the_log_into_live(self):
        with Daemon() as daemon:
            daemon.wait_running()
            with daemon.websocket() as client:
                hello = client.receive()
            for number in range(1, 601):
                daemon.event(appeared(number) if number % 2 else vanished(number - 1))
            log, after = hello["log"], hello["seq"]
            with daemon.websocket(f"log={log}&after={after}") as client:
                hello = client.receive()
                self.assertEqual((hello["seq"], hello["resumed"]), (after, True))
                last = after
                for number in range(601, 1201):  # while it is still being replayed
                    daemon.event(appeared(number) if number % 2 else vanished(number - 1))
                exposures = 0
                while exposures < 1200:
                    event = client.receive()
                    self.assertEqual(event["seq"], last + 1)
                    last = event["seq"]
                    exposures += event["type"] in ("appeared", "vanished")
            with daemon.websocket(f"log={log}&after={last}") as client:
                hello = client.receive()
                self.assertTrue(hello["resumed"])
                daemon.event(appeared(5000))
                self.assertEqual(client.receive()["seq"], last + 1)
            for query in (f"log=5ca42f19-e96a-4346-bc4e-144cf1c2b5f0&after={after}", f"log={log}&after=999999"):
                with daemon.websocket(query) as client:
                    hello = client.receive()
                    self.assertFalse(hello["resumed"])
                    self.assertIn("log", hello["reason"])
                    self.assertEqual(hello["seq"], last + 1)

    def test_resume_with_a_filter(self):
        with Daemon() as daemon:
            daemon.wait_running()
            log = daemon.get("/api/v1/health")["log"]
            for number in range(1, 101):
                daemon.event(appeared(number, "bug" if number % 10 else "poster"))
            wait_for(lambda: daemon.steer({"do": "told"})["kept"] == 0, "the log")
            with daemon.websocket(f"log={log}&after=0&object=poster&type=appeared") as client:
                client.receive()
                got = [client.receive() for _ in range(10)]
                self.assertEqual({m["object"] for m in got}, {"poster"})

    def test_pages_of_the_log(self):
        with Daemon() as daemon:
            daemon.wait_running()
            for number in range(1, 51):
                daemon.event(appeared(number, "bug" if number % 2 else "poster"))
            wait_for(lambda: daemon.steer({"do": "told"})["kept"] == 0, "the log")
            everything = daemon.events()
            self.assertEqual([e["seq"] for e in everything], list(range(1, len(everything) + 1)))
            page = daemon.get("/api/v1/events?after=3&limit=5")
            self.assertEqual([e["seq"] for e in page["events"]], [4, 5, 6, 7, 8])
            self.assertEqual(page["next"], 8)
            posters = daemon.events(object="poster", type="appeared")
            self.assertEqual(len(posters), 25)
            newest = daemon.get("/api/v1/events?limit=2")
            self.assertEqual([e["seq"] for e in newest["events"]], [len(everything) - 1, len(everything)])

    def test_a_client_that_does_not_read_costs_little_and_is_told(self):
        with Daemon() as daemon, contextlib.ExitStack() as stack:
            daemon.wait_running()
            slow = [stack.enter_context(daemon.websocket(receive_buffer=4096)) for _ in range(20)]
            healthy = stack.enter_context(daemon.websocket())
            last = healthy.receive()["seq"]
            seen = []
            reader = threading.Thread(target=lambda: healthy.receive_until(
                lambda m: seen.append(m.get("seq")) or m.get("object") == "last"))
            reader.start()
            before = resident(daemon.process.pid)
            many = [placement(n, "bug", 0.1) for n in range(1, 61)]
            for _ in range(40):
                daemon.steer({"do": "moved", "placements": many, "count": 20})
                for number in range(1, 31):
                    daemon.event(appeared(number))
            daemon.event(appeared(999, "last"))
            reader.join(60)
            numbers = [n for n in seen if n]
            self.assertEqual(numbers, list(range(last + 1, numbers[-1] + 1)))
            self.assertGreaterEqual(len(numbers), 1201)
            self.assertLess(resident(daemon.process.pid) - before, 30 * 1024, "kB grown")
            self.assertGreater(daemon.get("/api/v1/health")["dropped"], 0)
            for client in slow[:3]:
                self.catch_up(client)

    def catch_up(self, client):
        """One that reads again hears what it missed, and no number is left out without notice."""
        last = client.receive()["seq"]
        missed = moved = 0
        while True:
            message = client.receive()
            if message["type"] == "missed":
                moved += message["moved"]
                if message["count"]:
                    self.assertEqual(message["first"], last + 1)
                    self.assertEqual(message["count"], message["last"] - message["first"] + 1)
                    missed += message["count"]
                    last = message["last"]
            elif message["type"] != "moved":
                self.assertEqual(message["seq"], last + 1)
                last = message["seq"]
            if message.get("object") == "last":
                break
        self.assertGreater(missed, 0)
        self.assertGreater(moved, 0)

    def test_a_client_of_another_make(self):
        """The websockets library: its own handshake, masking, pings and close."""
        async def follow(daemon):
            uri = f"ws://127.0.0.1:{daemon.port}/api/v1/events"
            async with websockets.connect(uri, ping_interval=None) as client:
                hello = json.loads(await client.recv())
                self.assertEqual(hello["type"], "hello")
                await asyncio.wait_for(await client.ping(b"x" * 125), 10)
                await client.send("what a client says is let go")
                daemon.event(appeared(1))
                self.assertEqual(json.loads(await client.recv())["type"], "appeared")
            self.assertEqual(client.close_code, 1000)

        with Daemon() as daemon:
            daemon.wait_running()
            asyncio.run(follow(daemon))

    def test_the_end_in_order(self):
        with Daemon() as daemon:
            daemon.wait_running()
            client = daemon.websocket()
            last = client.receive()["seq"]
            daemon.event(appeared(1))
            begin = time.monotonic()
            wait_for(lambda: daemon.steer({"do": "told"})["kept"] == 0, "the log")
            daemon.process.terminate()
            reasons = []
            while (message := client.receive()) is not None:
                if message["type"] != "moved":
                    self.assertEqual(message["seq"], last + 1)
                    last = message["seq"]
                reasons.append((message["type"], message.get("reason"), message.get("state")))
            self.assertEqual(client.close_code, 1001)
            # this stream ends without a word: what stood is closed by the daemon
            self.assertIn(("vanished", "stream-lost", None), reasons)
            self.assertIn("stopped", [state for _, _, state in reasons])
            self.assertEqual(daemon.process.wait(10), 0)
            self.assertLess(time.monotonic() - begin, 10)


if __name__ == "__main__":
    unittest.main(verbosity=2)
