#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`lince stats` and `lince watch` against a real daemon, which is killed under the watcher.

usage: remote.py LINCE LINCED LINCE_STREAM PIPELINES GOLDEN_LOG_FOLDER
"""
import csv
import glob
import io
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

lince, linced, lince_stream, pipelines, golden = sys.argv[1:6]
folder = tempfile.mkdtemp(prefix="lince-tool-")
state = os.path.join(folder, "state")
environment = dict(os.environ, LINCE_STREAM=lince_stream, LINCE_PIPELINES=pipelines, TZ="UTC", LC_ALL="C.UTF-8",
                   GST_REGISTRY_UPDATE="no")
for name in list(environment):
    if name.lower().endswith("_proxy"):
        del environment[name]
started = []


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_daemon():
    process = subprocess.Popen([linced, "--config", os.path.join(folder, "linced.conf"), "--state-dir", state,
                                "--run-dir", os.path.join(folder, "run"), "--port", str(port)],
                               env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    started.append(process)
    line = process.stdout.readline()
    assert re.match(r"linced: listening on http://127\.0\.0\.1:\d+/", line), line
    return process


def run(*words, status=0):
    done = subprocess.run([lince, *words], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
    return done


def wait_for(condition, what, seconds=30):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come within {seconds} s")


def logged_events():
    events = []
    for path in sorted(glob.glob(os.path.join(state, "log", "*.jsonl"))):
        with open(path, encoding="utf-8") as lines:
            events += [json.loads(line) for line in lines if line.endswith("\n")]
    return [event for event in events if event.get("type")]


def test_stats():
    address = ("--url", url)
    with open(os.path.join(golden, "account.csv"), encoding="utf-8", newline="") as file:
        expected = file.read()
    ask = ("stats", *address, "--by", "object,stream,hour")
    wait_for(lambda: subprocess.run([lince, *ask, "--format", "csv"], env=environment,
                                    stdout=subprocess.PIPE, check=True).stdout.decode() == expected, "the account")
    rows = list(csv.DictReader(io.StringIO(expected)))
    answer = json.loads(run(*ask, "--format", "json").stdout)
    assert [row["seconds"] for row in answer["rows"]] == [float(row["seconds"]) for row in rows]
    table = run(*ask, "--timezone", "Europe/Madrid").stdout.splitlines()
    assert len(table) == len(rows) + 1, table
    assert re.match(r"Time +Stream +Object +Name +Exposures +Seconds +Once +Share +Peak +First +Last$", table[0])
    assert table[1].startswith("2026-11-23T06:00+01:00  ") and "  2026-11-23 06:" in table[1], table[1]
    total = run("stats", *address, "--by", "").stdout.splitlines()
    assert len(total) == 2 and total[1].split()[0] == str(sum(int(row["exposures"]) for row in rows)), total
    none = run("stats", *address, "--from", "2027-01-01")
    assert none.stdout == "Nothing has been seen in that time.\n", none.stdout
    assert "is not object" in run("stats", *address, "--by", "colour", status=64).stderr
    assert "not a time" in run("stats", *address, "--from", "yesterday", status=64).stderr
    assert "--format" in run("stats", *address, "--format", "xml", status=64).stderr
    assert "is linced running?" in run("stats", "--url", f"http://127.0.0.1:{free_port()}", status=69).stderr
    assert "--url" in run("stats", "--url", "ftp://x/", status=64).stderr


def test_watch():
    global daemon
    line = run("watch", "--url", url, "--type", "stream", "--count", "1").stdout
    assert re.match(r"\d\d:\d\d:\d\d\.\d{3}  gone  stream  (starting|backoff)", line), line
    output = os.path.join(folder, "events")
    with open(output, "wb") as file:
        watcher = subprocess.Popen([lince, "watch", "--url", url, "--json", "--count", "5"], env=environment,
                                   stdout=file, stderr=subprocess.PIPE, text=True)
    started.append(watcher)

    def shown():
        with open(output, encoding="utf-8") as lines:
            return lines.read().splitlines()

    wait_for(lambda: len(shown()) >= 2, "the first events")
    daemon.kill()
    daemon.wait()
    daemon = start_daemon()
    assert watcher.wait(timeout=90) == 0
    complaint = watcher.stderr.read()
    assert "trying again" in complaint and "connected" in complaint, complaint
    events = [json.loads(line) for line in shown()]
    numbers = [event["seq"] for event in events]
    assert len(events) == 5 and numbers == list(range(numbers[0], numbers[0] + 5)), numbers
    by_number = {event["seq"]: event for event in logged_events()}
    for event in events:
        logged = by_number[event["seq"]]
        del logged["crc"]
        assert logged == event, (logged, event)

    ended = run("watch", "--url", url, "--seconds", "0.5", "--object", "nothing", "--type", "appeared")
    assert ended.stdout == "", ended.stdout
    assert "trying again" in run("watch", "--url", f"http://127.0.0.1:{free_port()}", "--seconds", "0.5",
                                 status=69).stderr
    assert "refuses" in run("watch", "--url", url, "--type", "colour", status=64).stderr
    assert run("watch", "--url", url, "--token-file", os.path.join(folder, "none"), status=64).stderr


port = free_port()
url = f"http://127.0.0.1:{port}"
try:
    shutil.copytree(golden, os.path.join(state, "log"), ignore=shutil.ignore_patterns("*.csv"))
    with open(os.path.join(folder, "linced.conf"), "w", encoding="utf-8") as file:
        file.write(f"[daemon]\n\n[stream gone]\nuri=file://{folder}/gone.ts\ncollection={folder}\n")
    daemon = start_daemon()
    test_stats()
    test_watch()
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(timeout=30) == 0
finally:
    for process in started:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
    shutil.rmtree(folder, ignore_errors=True)
