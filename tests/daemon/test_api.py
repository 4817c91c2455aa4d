# SPDX-License-Identifier: LGPL-2.1-or-later
"""The living server does what api.json says, and nothing that it does not say."""
import json, os, re, subprocess, tempfile, unittest

import jsonschema

from support import Daemon, LINCED, appeared, vanished, wait_for

SOURCE = os.environ["LINCE_SOURCE"]
with open(os.path.join(SOURCE, "src/daemon/api.json")) as file:
    API = json.load(file)
METHODS = ("get", "post", "put", "patch", "delete")


def operations():
    for path, item in API["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method], item.get("parameters", []) + item[method].get("parameters", [])


def check_schema(schema, value):
    jsonschema.Draft202012Validator({**schema, "components": API["components"]}).validate(value)


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(config="listen=0.0.0.0\n").start()  # so that reading needs the token too
        cls.daemon.host = "127.0.0.1"
        cls.ask = cls.daemon.request
        wait_for(lambda: json.loads(cls.ask("GET", "/api/v1/streams/one", token=True)[2])["state"] == "running", "it to run")
        cls.daemon.steer({"do": "lines", "lines": [
            json.dumps({"objects": {"collection": "marks", "revision": "ab", "part": 1, "parts": 1,
                                    "objects": [{"id": "bug", "name": "Bug", "metadata": {"a": 1}}]}}),
            json.dumps({"problem": {"reference": "flat.png", "text": "has no contrast"}})]})
        for number in range(1, 5):
            cls.daemon.event(appeared(number))
        cls.daemon.event(vanished(1))
        cls.daemon.steer({"do": "moved", "placements": []})
        wait_for(lambda: cls.daemon.steer({"do": "told"})["kept"] == 0, "the log")
        wait_for(lambda: json.loads(cls.ask("GET", "/api/v1/health", token=True)[2])["consolidated"] >= 5, "the account")

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__(None)

    def check_answer(self, operation, answer):
        status, headers, body = answer
        described = operation["responses"].get(str(status))
        self.assertIsNotNone(described, f"{status} is not described: {body[:200]}")
        for name, header in described.get("headers", {}).items():
            if header.get("required"):
                self.assertIn(name, headers)
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        content = described.get("content")
        if not content:
            self.assertEqual(body, b"")
            return
        kind = headers["Content-Type"].split(";")[0]
        self.assertIn(kind, content)
        schema = content[kind].get("schema")
        if kind == "application/json" and schema:
            check_schema(schema, json.loads(body))

    def test_every_operation_answers_as_described(self):
        for path, method, operation, parameters in operations():
            with self.subTest(path=path, method=method):
                if path.endswith("/picture"):
                    self.daemon.steer({"do": "picture", "header": {}, "body": "x"})
                address = path.replace("{stream}", "one")
                if not path.endswith("/restart"):
                    answer = self.ask(method.upper(), address, token=True)
                    self.assertLess(answer[0], 300, answer)
                    self.check_answer(operation, answer)
                answer = self.ask(method.upper(), address + "?unknown=1", token=True)
                self.assertEqual(answer[0], 400)
                self.check_answer(operation, answer)
                answer = self.ask(method.upper(), address)
                self.assertEqual(answer[0], 200 if {} in operation["security"] and len(operation["security"]) == 1 else 401)
                self.check_answer(operation, answer)
                if "{stream}" in path:
                    answer = self.ask(method.upper(), path.replace("{stream}", "none"), token=True)
                    self.assertEqual(answer[0], 404)
                    self.check_answer(operation, answer)
                if path != "/api/v1/health" and path != "/api/v1":
                    answer = self.ask(method.upper(), address, headers={"Origin": "http://evil.example"}, token=True)
                    self.assertEqual(answer[0], 403)
                    self.check_answer(operation, answer)

    def test_every_field_is_taken(self):
        values = {"stream": "one", "object": "bug", "type": "appeared", "after": "1", "limit": "2", "metadata": "1",
                  "from": "2026-01-01", "to": "2100-01-01T00:00:00Z", "by": "object,stream,hour",
                  "timezone": "Europe/Madrid", "format": "csv"}
        for path, method, operation, parameters in operations():
            for parameter in parameters:
                if parameter["in"] != "query" or path.endswith("/picture"):
                    continue
                if "WebSocket only" in parameter["description"]:
                    continue
                with self.subTest(path=path, field=parameter["name"]):
                    name = parameter["name"]
                    answer = self.ask(method.upper(), f"{path}?{name}={values[name]}", token=True)
                    self.assertEqual(answer[0], 200, answer[2])
                    self.check_answer(operation, answer)

    def test_no_other_method_and_no_other_path(self):
        described = {}
        for path, method, *_ in operations():
            described.setdefault(path, set()).add(method)
        for path, methods in described.items():
            address = path.replace("{stream}", "one")
            status, headers, _ = self.ask("OPTIONS", address)
            self.assertEqual(status, 204)
            allowed = {m.strip().lower() for m in headers["Allow"].split(",")} - {"head"}
            self.assertEqual(allowed, methods, path)
            for method in set(METHODS) - methods:
                self.assertEqual(self.ask(method.upper(), address, token=True)[0], 405, (method, path))
        # the routes in the source are exactly those described
        with open(os.path.join(SOURCE, "src/daemon/api.c")) as file:
            routes = re.findall(r'\{ *"([A-Z]+)", "(/api/[^"]+)"', file.read())
        self.assertEqual({(p, m.lower()) for m, p in routes}, {(p, m) for p, m, *_ in operations()})

    def test_the_description_is_served(self):
        status, headers, body = self.ask("GET", "/api/v1")
        self.assertEqual(json.loads(body), API)
        status, _, body = self.ask("GET", "/api/v1", headers={"If-None-Match": headers["ETag"]})
        self.assertEqual((status, body), (304, b""))

    def test_statistics(self):
        rows = json.loads(self.ask("GET", "/api/v1/statistics?by=object,stream", token=True)[2])["rows"]
        self.assertEqual([(r["object"], r["stream"], r["exposures"]) for r in rows], [("bug", "one", 4)])
        # 0.4 s that are summed up, and what stands on top up to its last sight
        self.assertGreaterEqual(rows[0]["seconds"], 0.4)
        self.assertLess(rows[0]["seconds"], 60)
        csv = self.ask("GET", "/api/v1/statistics?by=object&format=csv", token=True)[2].decode().splitlines()
        self.assertIn("object", csv[0])
        self.assertIn("bug", csv[1])

    def test_console_files(self):
        for path, kind in (("/", "text/html"), ("/main.js", "text/javascript"), ("/console.css", "text/css"), ("/icon.svg", "image/svg+xml")):
            status, headers, body = self.ask("GET", path)
            self.assertEqual((status, headers["Content-Type"].split(";")[0]), (200, kind))
            self.assertIn("default-src 'self'", headers["Content-Security-Policy"])
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            status, _, again = self.ask("GET", path, headers={"If-None-Match": headers["ETag"]})
            self.assertEqual((status, again), (304, b""))
            status, head, none = self.ask("HEAD", path)
            self.assertEqual((status, none, int(head["Content-Length"])), (200, b"", len(body)))


class CommandLine(unittest.TestCase):
    def run_linced(self, *arguments):
        done = subprocess.run([LINCED, *arguments], capture_output=True, text=True, timeout=60, env={**os.environ, "LC_ALL": "C.UTF-8"})
        return done.returncode, done.stdout, done.stderr

    def test_help(self):
        code, out, _ = self.run_linced("--help")
        with open(os.path.join(SOURCE, "tests/daemon/help.txt")) as file:
            self.assertEqual(out, file.read())
        self.assertEqual(code, 0)

    def test_options(self):
        self.assertEqual(self.run_linced("--version")[:2], (0, f"linced {API['info']['version']}\n"))
        for arguments in (("--nonsense",), ("argument",), ("--port", "70000"), ("--port", "x")):
            code, _, err = self.run_linced(*arguments)
            self.assertEqual(code, 64)
            self.assertIn("--help", err)

    def test_a_configuration_that_is_wrong(self):
        code, _, err = self.run_linced("--config", "/nowhere/linced.conf")
        self.assertEqual(code, 78)
        self.assertIn("/nowhere/linced.conf: no such file", err)
        self.assertIn("/: not a regular file", self.run_linced("--config", "/")[2])
        text = ("[daemon]\nport=8770\nlisten=everywhere\n\n[stream a]\nuri=x\ncollection=y\n"
                "[stream a]\nuri=z\n[stream b]\nuri=x\ncolour=red\n")
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(text)
            file.flush()
            for arguments in ((), ("--check-config",)):
                code, _, err = self.run_linced("--config", file.name, *arguments)
                self.assertEqual(code, 78)
                for line, rest in ((3, r"\[daemon\] listen: 'everywhere' is not"), (8, r"\[stream a\] this group already begins on line 5"),
                                   (9, r"\[stream a\] uri: this key already stands on line 6"),
                                   (12, r"\[stream b\] colour: unknown key; known here are uri, "),
                                   (10, r"\[stream b\] collection: is missing")):
                    self.assertRegex(err, f"(?m)^{re.escape(file.name)}:{line}: {rest}")

    def test_the_same_folder_twice(self):
        with Daemon(streams=()) as daemon:
            code, _, err = self.run_linced("--config", daemon.config_path, "--state-dir", daemon.state_dir + "2", "--run-dir", daemon.run_dir, "--port", "0")
            self.assertEqual(code, 69)
            self.assertIn("another linced", err)
            code, _, err = self.run_linced("--config", daemon.config_path, "--state-dir", daemon.state_dir, "--run-dir", daemon.run_dir + "2", "--port", "0")
            self.assertEqual(code, 69)
            code, _, err = self.run_linced("--config", daemon.config_path, "--state-dir", daemon.state_dir + "3", "--run-dir", daemon.run_dir + "3", "--port", str(daemon.port))
            self.assertEqual(code, 69)
            self.assertIn("cannot listen on 127.0.0.1 port", err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
