# SPDX-License-Identifier: LGPL-2.1-or-later
"""linced under many WebSocket clients: prints messages a second, CPU time, memory and latency.

One daemon on one core, its clients in another process on another core where there is one. A stream's
process sends `moved` at 25 a second and four lasting events a second; 20 clients never read."""
import json, os, subprocess, sys, threading, time

sys.path.insert(0, sys.argv[1])
from support import Daemon, appeared, placement, vanished

CLIENTS, SILENT, SECONDS = (int(a) for a in (sys.argv[3:6] or (1000, 20, 20)))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid):
    with open(f"/proc/{pid}/status") as file:
        return {line.split(":")[0]: int(line.split()[1]) / 1024 for line in file if line.startswith(("VmRSS", "VmHWM"))}


def feed(daemon, stop):
    number = 0
    while not stop.is_set():
        number += 1
        daemon.steer({"do": "moved", "placements": [placement(1, "bug"), placement(2, "poster")], "count": 25, "period": 0.04})
        for step in range(2):
            daemon.event(appeared(number * 2 + step))
            time.sleep(0.25)
            daemon.event(vanished(number * 2 + step))
            time.sleep(0.25)


def main():
    cores = sorted(os.sched_getaffinity(0))
    with Daemon() as daemon:
        daemon.wait_running()
        pid = daemon.process.pid
        for thread in os.listdir(f"/proc/{pid}/task"):
            os.sched_setaffinity(int(thread), cores[:1])
        stop = threading.Event()
        feeder = threading.Thread(target=feed, args=(daemon, stop))
        feeder.start()
        try:
            clients = subprocess.Popen([sys.argv[2], daemon.host, str(daemon.port), str(CLIENTS), str(SILENT), str(SECONDS)],
                                       stdout=subprocess.PIPE, text=True, preexec_fn=lambda: os.sched_setaffinity(0, cores[-1:]))
            assert clients.stdout.readline() == "ready\n"
            before, begin = cpu_seconds(pid), time.monotonic()
            line = clients.stdout.readline()
            used = (cpu_seconds(pid) - before) / (time.monotonic() - begin)
            result = json.loads(line)
            result |= {"never_read": SILENT, "cpu_share_of_a_core": round(used, 3),
                       "rss_mb": round(memory(pid)["VmRSS"], 1), "peak_rss_mb": round(memory(pid)["VmHWM"], 1),
                       "dropped_for_slow": daemon.get("/api/v1/health")["dropped"]}
            clients.wait()
        finally:
            stop.set()
            feeder.join()
        print(json.dumps(result, indent=1))
        return clients.returncode


sys.exit(main())
