#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What stands in app/monitoring, with Debian's own Prometheus: its rules are tested by
promtool, and it scrapes two nodes for a minute; then every query of the dashboard and of
the alerts is asked. Needs Debian's packages prometheus and python3-jsonschema.

There is no Grafana in Debian: the dashboard is checked against grafana_dashboard.json, a
schema of the parts of Grafana's format that it uses."""

import json
import pathlib
import re
import shutil
import socket
import subprocess
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

import jsonschema
import yaml

from cases import FolderCase, wait_until
from peerage_harness import Node

HERE = pathlib.Path(__file__).resolve().parent
MONITORING = HERE.parents[1] / "app" / "monitoring"
SECONDS = 60
METRIC = re.compile(r"\b((?:peerage|process)_[a-z_]+|up)\b")


def promtool(*arguments):
    return subprocess.run(["promtool", *arguments], cwd=MONITORING, capture_output=True,
                          text=True, timeout=60, check=False)


def dashboard():
    return json.loads((MONITORING / "dashboard.json").read_text("utf-8"))


def panels():
    return [x for x in dashboard()["panels"] if x["type"] != "row"]


def alerts():
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


class Files(unittest.TestCase):
    def test_promtool_has_nothing_to_say(self):
        for what in (("check", "rules", "alerts.yml"), ("check", "config", "prometheus.yml"),
                     ("test", "rules", "alerts_test.yml")):
            done = promtool(*what)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
            self.assertIn("SUCCESS", done.stdout)

    def test_every_alert_is_tried(self):
        tried = yaml.safe_load((MONITORING / "alerts_test.yml").read_text("utf-8"))["tests"]
        cases = [case for test in tried for case in test["alert_rule_test"]]
        for rule in alerts():
            mine = [x for x in cases if x["alertname"] == rule["alert"]]
            self.assertTrue(any(x.get("exp_alerts") for x in mine), rule["alert"])
            self.assertTrue(any(not x.get("exp_alerts") for x in mine), rule["alert"])

    def test_the_dashboard_fits_its_schema(self):
        schema = json.loads((HERE / "grafana_dashboard.json").read_text("utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(dashboard())

    def test_its_panels_neither_overlap_nor_repeat(self):
        found = dashboard()
        ids = [x["id"] for x in found["panels"]]
        self.assertEqual(len(ids), len(set(ids)))
        taken = set()
        for panel in found["panels"]:
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], 24)
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                     for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & taken, panel["title"])
            taken |= cells

    def test_its_variables_are_there(self):
        found = dashboard()
        known = {x["name"] for x in found["templating"]["list"]} | {"__rate_interval"}
        used = set(re.findall(r"\$\{?(\w+)", json.dumps(found["panels"])))
        self.assertEqual(used - known, set())


class Scraped(FolderCase):
    """One node with peers, and one that it is a peer of."""

    def api(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=10) as answer:
            found = json.load(answer)
        self.assertEqual(found["status"], "success", (path, parameters))
        return found["data"]

    def query(self, text):
        try:
            return self.api("query", query=text)["result"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{text}: {error.read().decode()}") from None

    def is_up(self):
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=10) as answer:
                return answer.status == 200
        except OSError:
            return False

    def start_prometheus(self, *nodes):
        config = yaml.safe_load((MONITORING / "prometheus.yml").read_text("utf-8"))
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["scrape_configs"][0]["static_configs"][0]["targets"] = [
            node.ready["metrics"][0].removeprefix("http://") for node in nodes]
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(config), "utf-8")
        shutil.copy(MONITORING / "alerts.yml", self.folder)
        with socket.create_server(("127.0.0.1", 0)) as free:
            at = "127.0.0.1:%d" % free.getsockname()[1]
        self.url = f"http://{at}"
        log = self.enterContext(open(self.folder / "prometheus.log", "w", encoding="utf-8"))
        process = subprocess.Popen(
            ["prometheus", f"--config.file={self.folder}/prometheus.yml",
             f"--storage.tsdb.path={self.folder}/data", f"--web.listen-address={at}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(process.wait, 10)
        self.addCleanup(process.terminate)
        wait_until(self.is_up, 30, "a Prometheus that is ready")

    def test_a_minute(self):
        one = self.enterContext(Node("--metrics", "127.0.0.1:0", "--swarm", "6",
                                     "--ping-interval", "0.5", "--save-interval", "1",
                                     "--add-peer", "127.0.0.1:1"))
        other = self.enterContext(Node("--metrics", "127.0.0.1:0", "--connect", one.p2p))
        one.wait_for({"peers_ready": 7}, timeout=20)
        other.wait_for({"peers_ready": 1}, timeout=20)
        one.rpc("setban", "192.0.2.1", "add")
        self.start_prometheus(one, other)
        began = time.monotonic()

        def is_over():
            one.request("any", "measure_latency")
            return time.monotonic() - began > SECONDS
        wait_until(is_over, SECONDS + 30, "a minute")

        for scrapes in self.query(f"count_over_time(up[{SECONDS}s])"):
            self.assertGreater(int(scrapes["value"][1]), SECONDS / 2)
        for up in self.query(f"min_over_time(up[{SECONDS}s])"):
            self.assertEqual(up["value"][1], "1", up)
        self.check_sums()
        self.check_dashboard()
        self.check_alerts()

    def check_sums(self):
        """In every scrape, the total is the sum of its parts."""
        odd = self.query("count_over_time(((peerage_peers - on (instance) sum by (instance) "
                         f"(peerage_peers_by_state)) != 0)[{SECONDS}s:1s])")
        self.assertEqual(odd, [])
        self.assertEqual(sorted(x["value"][1] for x in self.query("peerage_peers")),
                         ["1", "7"])

    def check_dashboard(self):
        nodes = self.api("series", **{"match[]": "peerage_build_info"})
        self.assertEqual(len(nodes), 2)  # what the variable `instance` is made of
        for panel in panels():
            for target in panel["targets"]:
                text = target["expr"].replace("$__rate_interval", "1m")
                found = self.query(text.replace("$instance", ".*"))
                self.assertTrue(found, f"{panel['title']}: no data for {text}")
                for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
                    self.assertIn(label, found[0]["metric"], text)

    def check_alerts(self):
        known = set(self.api("label/__name__/values"))
        for rule in alerts():
            self.query(rule["expr"])
            self.assertEqual(set(METRIC.findall(rule["expr"])) - known, set(), rule["alert"])
        loaded = [rule for group in self.api("rules")["groups"] for rule in group["rules"]]
        self.assertEqual({x["name"] for x in loaded}, {x["alert"] for x in alerts()})
        for rule in loaded:
            self.assertEqual((rule["health"], rule.get("lastError")), ("ok", None), rule)
            self.assertNotEqual(rule["state"], "firing", rule)


if __name__ == "__main__":
    unittest.main()
