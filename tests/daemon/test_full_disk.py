# SPDX-License-Identifier: LGPL-2.1-or-later
"""A full disk: events go on, marked, and are written in order when there is room again. The disk is
a small tmpfs where the test may mount one, else the daemon's limit of file sizes."""
import contextlib, os, resource, subprocess, tempfile, unittest

from support import Daemon, appeared, placement, vanished, wait_for


class SmallDisk:
    """A state folder on a disk of 3 MiB."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="lince-disk-")
        self.mounted = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=3m,mode=0700", "tmpfs", self.path], capture_output=True).returncode == 0
        self.filler = os.path.join(self.path, "filler")

    def fill(self, daemon):
        if self.mounted:
            with contextlib.suppress(OSError), open(self.filler, "wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 4096)
        else:
            biggest = max(os.path.getsize(os.path.join(folder, name))
                          for folder, _, names in os.walk(self.path) for name in names)
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (min(biggest, 300), resource.RLIM_INFINITY))

    def free(self, daemon):
        if self.mounted:
            os.unlink(self.filler)
        else:
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def close(self):
        if self.mounted:
            subprocess.run(["umount", "-l", self.path], check=True)
        subprocess.run(["rm", "-rf", self.path], check=True)


class FullDisk(unittest.TestCase):
    def test_events_go_on_and_are_written_later(self):
        with contextlib.closing(SmallDisk()) as disk, Daemon(state_dir=disk.path) as daemon:
            daemon.wait_running()
            daemon.event(appeared(1))
            wait_for(lambda: daemon.steer({"do": "told"})["kept"] == 0, "the acknowledgement")
            with daemon.websocket() as client:
                last = client.receive()["seq"]
                disk.fill(daemon)
                sent = 1
                unlogged = []

                def flow():  # until the file's last block is full too
                    nonlocal sent, last
                    sent += 1
                    daemon.event(appeared(sent))
                    daemon.steer({"do": "moved", "placements": [placement(sent)]})
                    while True:
                        event = client.receive()
                        if event["type"] == "moved":
                            continue
                        self.assertEqual(event["seq"], last + 1)
                        last = event["seq"]
                        if event.get("logged") is False:
                            unlogged.append(event)
                        if event["type"] == "appeared":
                            return len([e for e in unlogged if e["type"] == "appeared"]) >= 50

                wait_for(flow, "events without log", 60)
                self.assertEqual(daemon.get("/api/v1/health")["status"], "log-failing")
                self.assertGreater(daemon.get("/api/v1/health")["waiting"], 0)
                self.assertGreaterEqual(daemon.steer({"do": "told"})["kept"], 50, "not acknowledged")
                # who joins now gets the same numbers, and what stands
                with daemon.websocket() as other:
                    hello = other.receive()
                    self.assertEqual(hello["seq"], last)
                    self.assertEqual(len(hello["exposures"]), sent)
                disk.free(daemon)
                wait_for(lambda: daemon.steer({"do": "told"})["kept"] == 0, "the acknowledgements", 60)
                wait_for(lambda: daemon.get("/api/v1/health")["status"] == "ok", "the log to be well")
            log = daemon.events()
            self.assertEqual([e["seq"] for e in log], list(range(1, len(log) + 1)))
            self.assertEqual([e["n"] for e in log if e["type"] == "appeared"], list(range(1, sent + 1)))
            by_number = {e["seq"]: e for e in log}
            for event in unlogged:
                self.assertEqual(by_number[event["seq"]]["type"], event["type"])
            codes = [e["code"] for e in log if e["type"] == "notice"]
            self.assertIn("log-write-failed", codes)
            self.assertIn("log-writing-again", codes)

    def test_a_stop_while_full_loses_nothing(self):
        with contextlib.closing(SmallDisk()) as disk, Daemon(config="keep-streams=true\n", state_dir=disk.path) as daemon:
            daemon.wait_running()
            disk.fill(daemon)
            for number in range(1, 101):
                daemon.event(appeared(number))
            wait_for(lambda: len(daemon.get("/api/v1/exposures")["exposures"]) == 100, "all to be taken")
            daemon.process.terminate()
            self.assertEqual(daemon.process.wait(15), 0)
            daemon.process.stdout.close()
            if disk.mounted:
                disk.free(daemon)
            daemon.start()
            daemon.wait_running()
            wait_for(lambda: daemon.steer({"do": "told"})["kept"] == 0, "the acknowledgements", 60)
            numbers = [e["n"] for e in daemon.events(type="appeared") if e["type"] == "appeared"]
            self.assertEqual(numbers, list(range(1, 101)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
