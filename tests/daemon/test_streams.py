# SPDX-License-Identifier: LGPL-2.1-or-later
"""Streams' processes: started, watched, replaced; what they say survives the daemon."""
import concurrent.futures, json, os, signal, socket, tempfile, threading, time, unittest

from support import Daemon, SLOWNESS, appeared, placement, vanished, wait_for


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Processes(unittest.TestCase):
    def pid(self, daemon, name="one"):
        return daemon.steer({"do": "told"}, name)["pid"]

    def test_a_killed_process_is_replaced_and_its_exposures_closed(self):
        with Daemon(streams=("one", "two")) as daemon:
            daemon.wait_running("one")
            daemon.wait_running("two")
            other = self.pid(daemon, "two")
            with daemon.websocket() as client:
                client.receive()
                daemon.event(appeared(1, "bug"))
                client.receive_until(lambda m: m["type"] == "appeared")
                daemon.steer({"do": "moved", "placements": [placement(1, "bug", 0.25)]})
                moved = client.receive_until(lambda m: m["type"] == "moved")
                pid = self.pid(daemon)
                begin = time.monotonic()
                os.kill(pid, signal.SIGKILL)
                lost = client.receive_until(lambda m: m["type"] == "vanished")
                self.assertEqual((lost["reason"], lost["object"]), ("stream-lost", "bug"))
                self.assertEqual(lost["seen_running_time"], moved["running_time"])
                self.assertEqual(lost["seen_utc"], moved["utc"])
                self.assertEqual(lost["quad"], moved["placements"][0]["quad"])
                wait_for(lambda: daemon.stream()["state"] == "running" and self.pid(daemon) != pid, "another")
                self.assertLess(time.monotonic() - begin, 3 * SLOWNESS)
            self.assertEqual(daemon.stream()["restarts"], 1)
            self.assertEqual(self.pid(daemon, "two"), other)
            self.assertEqual(daemon.get("/api/v1/exposures")["exposures"], [])
            states = [(e["state"], e["reason"]) for e in daemon.events(type="stream") if e["stream"] == "one"]
            self.assertEqual(states[0][0], "backoff")
            self.assertIn("signal 9", states[0][1])

    def test_a_process_that_hangs_is_replaced(self):
        with Daemon() as daemon:
            daemon.wait_running()
            pid = self.pid(daemon)
            daemon.steer({"do": "hang"})
            begin = time.monotonic()
            wait_for(lambda: not is_alive(pid), "the hanging process to be killed")
            daemon.steers.pop("one").close()
            wait_for(lambda: daemon.stream()["state"] == "running" and daemon.stream()["restarts"] == 1, "another")
            self.assertLess(time.monotonic() - begin, 3 * SLOWNESS)
            self.assertIn("heart-beat", daemon.events(type="stream")[-1]["reason"])

    def test_a_stalled_source_is_no_hang(self):
        with Daemon() as daemon:
            daemon.wait_running()
            pid = self.pid(daemon)
            daemon.steer({"do": "state", "state": "stalled"})
            wait_for(lambda: daemon.stream()["state"] == "stalled", "the state")
            time.sleep(3)
            self.assertEqual(self.pid(daemon), pid)
            self.assertEqual(daemon.stream()["restarts"], 0)

    def test_a_pipeline_that_hangs_is_replaced(self):
        with Daemon() as daemon:
            daemon.wait_running()
            pid = self.pid(daemon)
            daemon.steer({"do": "freeze"})
            wait_for(lambda: not is_alive(pid), "the process to be killed", 30)

    def test_a_daemon_that_was_held_up_blames_nobody(self):
        with Daemon() as daemon:
            daemon.wait_running()
            pid = self.pid(daemon)
            for _ in range(3):
                daemon.process.send_signal(signal.SIGSTOP)
                time.sleep(2.5)
                daemon.process.send_signal(signal.SIGCONT)
                time.sleep(0.3)
            self.assertEqual(self.pid(daemon), pid)
            self.assertEqual(daemon.stream()["restarts"], 0)

    def test_a_lost_link_is_made_again(self):
        with Daemon() as daemon:
            daemon.wait_running()
            pid = self.pid(daemon)
            daemon.event(appeared(1))
            daemon.steer({"do": "lose"})
            daemon.event(appeared(2))
            wait_for(lambda: daemon.steer({"do": "told"})["kept"] == 0, "the acknowledgements")
            self.assertEqual([e["n"] for e in daemon.events(type="appeared")], [1, 2])
            self.assertEqual(self.pid(daemon), pid)
            self.assertEqual(len(daemon.get("/api/v1/exposures")["exposures"]), 2)

    def test_back_off(self):
        with Daemon(environment={"LINCE_STREAM": "/bin/false"}) as daemon:
            state = wait_for(lambda: (s := daemon.stream())["restarts"] == 5 and s, "five tries")
            self.assertEqual(state["state"], "backoff")
            self.assertIn("code 1", state["reason"])
            self.assertGreater(state["retry_in"], 2)
            waits = [e["retry_in"] / 1e9 for e in daemon.events(type="stream")]
            self.assertEqual(waits, [0, 0, 1, 2, 4])
        with Daemon(environment={"LINCE_STREAM": "/nowhere/lince-stream"}) as daemon:
            state = wait_for(lambda: (s := daemon.stream())["restarts"] == 3 and s, "three tries")
            self.assertIn("cannot be started", state["reason"])

    def test_restart_on_request(self):
        with Daemon() as daemon:
            daemon.wait_running()
            pid = self.pid(daemon)
            daemon.steers.pop("one").close()
            status, _, body = daemon.request("POST", "/api/v1/streams/one/restart", token=True)
            self.assertEqual(status, 202, body)
            wait_for(lambda: not is_alive(pid), "the old process to end")
            wait_for(lambda: daemon.stream()["state"] == "running" and self.pid(daemon) != pid, "another")
            self.assertNotIn("backoff", [e["state"] for e in daemon.events(type="stream")], "it ended as asked")

    def test_a_disabled_stream(self):
        with Daemon(config="[daemon]\n[stream off]\nuri=test://x\ncollection=marks\nenabled=false\n", streams=()) as daemon:
            self.assertEqual(daemon.stream("off")["state"], "stopped")
            self.assertEqual(daemon.request("POST", "/api/v1/streams/off/restart", token=True)[0], 409)

    def test_configuration_goes_over_the_socket(self):
        config = ("[daemon]\n[stream full]\nuri=file.ts\npipeline=keyframes\ncollection=marks.lince\nmode=async\n"
                  "interval=40ms\nbudget=0.012s\nmin-confidence=0.25\n")
        with Daemon(config=config, streams=()) as daemon:
            daemon.wait_running("full")
            configure = next(m["configure"] for m in daemon.steer({"do": "told"}, "full")["told"] if "configure" in m)
            self.assertEqual(configure, {
                "uri": f"file://{daemon.root}/file.ts", "pipeline": "keyframes", "collection": f"{daemon.root}/marks.lince",
                "collection_id": "marks", "mode": "async", "interval": 40000000, "budget": 12000000,
                "minimum_confidence": 0.25})


class Survival(unittest.TestCase):
    def test_a_stream_outlives_the_daemon(self):
        with Daemon() as daemon:
            daemon.wait_running()
            told = daemon.steer({"do": "told"})
            daemon.event(appeared(1))
            wait_for(lambda: daemon.steer({"do": "told"})["kept"] == 0, "the acknowledgement")
            daemon.process.kill()
            daemon.process.wait()
            for number in range(2, 6):
                daemon.event(appeared(number))
            self.assertEqual(daemon.steer({"do": "told"})["kept"], 4)
            daemon.process.stdout.close()
            daemon.start()
            daemon.wait_running()
            after = daemon.steer({"do": "told"})
            self.assertEqual((after["pid"], after["run"]), (told["pid"], told["run"]))
            wait_for(lambda: daemon.steer({"do": "told"})["kept"] == 0, "the acknowledgements")
            numbers = [e["n"] for e in daemon.events(type="appeared")]
            self.assertEqual(numbers, [1, 2, 3, 4, 5])
            self.assertEqual(len(daemon.get("/api/v1/exposures")["exposures"]), 5)
            self.assertEqual(daemon.stream()["restarts"], 0)

    def test_both_die(self):
        with Daemon() as daemon:
            daemon.wait_running()
            daemon.event(appeared(1))
            wait_for(lambda: daemon.steer({"do": "told"})["kept"] == 0, "the acknowledgement")
            pid = daemon.steer({"do": "told"})["pid"]
            daemon.kill()
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda: not is_alive(pid), "its end")
            daemon.start()
            daemon.wait_running()
            wait_for(lambda: daemon.get("/api/v1/exposures")["exposures"] == [], "what stood to be closed")
            lost = daemon.events(type="vanished")
            self.assertEqual([(e["reason"], e["object"]) for e in lost], [("stream-lost", "bug")])

    def test_keep_streams(self):
        with Daemon(config="keep-streams=true\n") as daemon:
            daemon.wait_running()
            pid = daemon.steer({"do": "told"})["pid"]
            daemon.process.terminate()
            self.assertEqual(daemon.process.wait(10), 0)
            self.assertTrue(is_alive(pid))
        wait_for(lambda: not is_alive(pid), "the test's own end of it")

    def test_sigkill_loses_nothing_that_was_sent(self):
        """Killed again and again while events pour in: what any client saw is in the log, once."""
        with Daemon() as daemon:
            seen = {}
            sent = 0

            def follow(client):
                try:
                    while True:
                        event = client.receive()
                        if event["type"] == "appeared":
                            seen[event["seq"]] = event
                except OSError:  # what lies in the socket after the kill was sent as well
                    client.close()

            for round in range(8):
                if round:
                    daemon.kill()
                    daemon.start()
                daemon.wait_running()
                client = daemon.websocket()
                reader = threading.Thread(target=follow, args=(client,))
                reader.start()
                known = len(seen)
                for _ in range(20 + 17 * round):
                    sent += 1
                    daemon.event(appeared(sent))
                wait_for(lambda: len(seen) > known + 2 * round, "events")
                daemon.process.kill()
                reader.join(20)
            daemon.kill()
            daemon.start()
            daemon.wait_running()
            wait_for(lambda: daemon.steer({"do": "told"})["kept"] == 0, "the acknowledgements")
            log = daemon.events()
            self.assertEqual(len({e["seq"] for e in log}), len(log), "no number is given twice")
            by_number = {e["seq"]: e for e in log}
            for number, event in seen.items():
                self.assertEqual(by_number[number]["n"], event["n"])
            counted = [e["n"] for e in log if e["type"] == "appeared"]
            self.assertEqual(counted, list(range(1, sent + 1)), "each event once, in order")
            covered = set(by_number)
            for event in log:
                if event["type"] == "gap":
                    covered |= set(range(event["gap_first"], event["gap_last"] + 1))
            self.assertEqual(covered, set(range(1, log[-1]["seq"] + 1)), "every number is accounted for")
            wait_for(lambda: daemon.get("/api/v1/health")["consolidated"] >= log[-1]["seq"], "the account")
            rows = daemon.get("/api/v1/statistics?by=object")["rows"]
            self.assertEqual([(r["object"], r["exposures"]) for r in rows], [("bug", sent)])


class ServiceManager(unittest.TestCase):
    def test_it_is_told(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(os.path.join(folder, "notify"))
            manager.settimeout(20 * SLOWNESS)
            environment = {"NOTIFY_SOCKET": os.path.join(folder, "notify"), "WATCHDOG_USEC": "200000"}
            with Daemon(environment=environment) as daemon:
                heard = [manager.recv(100) for _ in range(3)]
                self.assertEqual(heard[0], b"READY=1")
                self.assertIn(b"WATCHDOG=1", heard)
                daemon.wait_running()
                with open(f"/proc/{daemon.steer({'do': 'told'})['pid']}/environ", "rb") as file:
                    self.assertNotIn(b"NOTIFY_SOCKET", file.read())
                daemon.process.terminate()
                while manager.recv(100) != b"STOPPING=1":
                    pass
                self.assertEqual(daemon.process.wait(20), 0)


class Link(unittest.TestCase):
    def connect(self, daemon, *lines):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(20 * SLOWNESS)
        sock.connect(os.path.join(daemon.run_dir, "streams.sock"))
        sock.sendall("".join(line + "\n" for line in lines).encode())
        answer = b""
        try:
            while chunk := sock.recv(65536):
                answer += chunk
        except ConnectionError:
            pass
        sock.close()
        return answer.decode()

    def test_strangers_are_refused(self):
        run = "0" * 32
        greeting = {"lince": "link", "v": 1, "stream": "one", "run": run, "pid": 1, "version": "0.1.0", "unacknowledged": 0}
        with Daemon() as daemon:
            daemon.wait_running()
            self.assertIn("another process", self.connect(daemon, json.dumps(greeting)))
            self.assertIn("no stream", self.connect(daemon, json.dumps({**greeting, "stream": "none"})))
            self.assertIn("greeting", self.connect(daemon, json.dumps({"beat": {"main": 1, "pipeline": 1, "state": "running"}})))
            self.assertEqual(self.connect(daemon, "nonsense"), "")
            self.assertEqual(self.connect(daemon, "x" * 200000), "")
            self.assertEqual(daemon.stream()["state"], "running")

    def test_a_process_that_breaks_the_protocol_is_cut_off_and_comes_back(self):
        with Daemon() as daemon:
            daemon.wait_running()
            daemon.event(appeared(1))
            daemon.steer({"do": "lines", "lines": ['{"v":1,"type":"appeared"}']})
            wait_for(lambda: "broke the protocol" in daemon.log(), "the warning")
            daemon.wait_running()
            daemon.event(appeared(2))
            wait_for(lambda: daemon.steer({"do": "told"})["kept"] == 0, "the acknowledgements")
            self.assertEqual([e["n"] for e in daemon.events(type="appeared")], [1, 2])

    def test_a_stream_cannot_speak_for_another(self):
        with Daemon(streams=("one", "two")) as daemon:
            daemon.wait_running("one")
            daemon.wait_running("two")
            daemon.event({**appeared(1), "stream": "two", "seq": 99999, "received": "1999-01-01T00:00:00.000000Z"})
            event = wait_for(lambda: daemon.events(type="appeared"), "the event")[0]
            self.assertEqual(event["stream"], "one")
            self.assertLess(event["seq"], 1000)
            self.assertNotIn("1999", event["received"])


class Pictures(unittest.TestCase):
    BODY = "\xff\xd8jpeg\xff\xd9"

    def send(self, daemon, name="one", body=BODY, **header):
        daemon.steer({"do": "picture", "header": header, "body": body}, name)

    def test_the_newest_picture(self):
        with Daemon(streams=("one", "two")) as daemon:
            daemon.wait_running("one")
            daemon.wait_running("two")
            path = "/api/v1/streams/one/picture"
            with concurrent.futures.ThreadPoolExecutor() as pool:
                waiting = pool.submit(daemon.request, "GET", path)
                wait_for(lambda: any("look" in m for m in daemon.steer({"do": "told"})["told"]), "the stream to be asked")
                self.send(daemon, placements=[placement(1, "ábc")], utc="2026-11-23T05:42:06.123456Z")
                status, headers, body = waiting.result(20)
                self.assertEqual((status, body), (200, self.BODY.encode("latin-1")))
                self.assertEqual(headers["Content-Type"], "image/jpeg")
                self.assertEqual([headers[f"X-Lince-{name}"] for name in ("Stream", "Running-Time", "Width", "Height", "Utc")],
                                 ["one", "1000", "640", "360", "2026-11-23T05:42:06.123456Z"])
                self.assertEqual(json.loads(headers["X-Lince-Placements"])[0]["object"], "ábc")
                self.assertTrue(headers["X-Lince-Placements"].isascii())
                # at once, for it is fresh; the next one is waited for
                self.assertEqual(daemon.request("GET", path)[0], 200)
                waiting = [pool.submit(daemon.request, "GET", path + "?after=1000") for _ in range(3)]
                time.sleep(0.2)
                self.assertFalse(any(w.done() for w in waiting))
                self.send(daemon, running_time=2000, body="next")
                self.assertEqual([w.result(20)[2] for w in waiting], [b"next"] * 3)
            # no process speaks for another stream
            self.send(daemon, "two", stream="one", running_time=3000, body="forged")
            time.sleep(0.2)
            self.assertEqual(daemon.request("GET", path)[2], b"next")
            self.assertEqual(daemon.request("GET", "/api/v1/streams/none/picture")[0], 404)

    def test_waiting_ends(self):
        with Daemon() as daemon:
            daemon.wait_running()
            begin = time.monotonic()
            self.assertEqual(daemon.request("GET", "/api/v1/streams/one/picture")[0], 204)
            self.assertGreater(time.monotonic() - begin, 5)
            sock = socket.create_connection((daemon.host, daemon.port))
            sock.sendall(b"GET /api/v1/streams/one/picture HTTP/1.1\r\nHost: localhost\r\n\r\n")
            time.sleep(0.2)
            sock.close()  # the client goes while it waits
            self.send(daemon)
            self.assertEqual(daemon.request("GET", "/api/v1/streams/one/picture")[0], 200)

    def test_rubbish_on_the_pictures_socket(self):
        with Daemon() as daemon:
            daemon.wait_running()
            for data in (b"rubbish\n", b"x" * 100000, b'{"lince":"picture","v":1,"stream":"one","bytes":999999999}\n'):
                with socket.socket(socket.AF_UNIX) as sock:
                    sock.settimeout(20 * SLOWNESS)
                    sock.connect(os.path.join(daemon.run_dir, "pictures.sock"))
                    try:
                        sock.sendall(data)
                        self.assertEqual(sock.recv(10), b"")
                    except ConnectionError:
                        pass
            self.send(daemon)
            self.assertEqual(daemon.request("GET", "/api/v1/streams/one/picture")[0], 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
