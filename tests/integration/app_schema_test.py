#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The node's documents fit the schemas that it serves, and have nothing that these do not
describe. Needs Debian's python3-jsonschema."""

import unittest

from cases import NodeCase, ask
from peerage_harness import Node

try:
    import jsonschema
except ImportError:
    jsonschema = None

NAMES = ("status", "peers", "peer", "addresses", "bans", "health", "history", "event")


def strict(schema):
    """The same without what the schemas leave open for later versions: fields that they do
    not name, and values besides their examples."""
    if isinstance(schema, list):
        return [strict(x) for x in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: strict(x) for key, x in schema.items()}
    if isinstance(schema.get("properties"), dict):
        result.setdefault("additionalProperties", False)
    if isinstance(schema.get("examples"), list):
        result["enum"] = schema["examples"]
    return result


@unittest.skipUnless(jsonschema, "no jsonschema: it is Debian's package python3-jsonschema")
class Schemas(NodeCase):
    swarm = 3
    options = ("--add-peer", "127.0.0.1:1", "--ping-interval", "0.2", "--log-level", "error")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.schemas = {name: cls.node.get(f"/schema/{name}") for name in NAMES}

    def validate(self, schemas, name, document):
        schema = schemas[name]
        jsonschema.Draft202012Validator.check_schema(schema)
        store = {f"/schema/{other}": found for other, found in schemas.items()}
        jsonschema.Draft202012Validator(schema, resolver=jsonschema.RefResolver(
            f"/schema/{name}", schema, store=store)).validate(document)

    def check(self, name, document):
        """By the schemas as they are served, and to the letter."""
        self.validate(self.schemas, name, document)
        self.validate({key: strict(x) for key, x in self.schemas.items()}, name, document)

    def test_served_as_what_they_are(self):
        for name in NAMES:
            status, headers, _ = self.node.http("GET", f"/schema/{name}")
            self.assertEqual((status, headers["Content-Type"]),
                             (200, "application/schema+json"))
            self.assertEqual(self.schemas[name]["$id"], f"/schema/{name}")
        for path in ("/schema/", "/schema/nothing", "/schema/peer.json", "/schema"):
            self.assertEqual(ask(self.node, path)[0], 404, path)

    def test_documents(self):
        self.node.rpc("setban", "192.0.2.0/24", "add")
        for name in ("status", "peers", "addresses", "bans", "health", "history"):
            document = self.node.get(f"/{name}")
            self.assertTrue(document or name == "addresses", name)
            self.check(name, document)

    def test_one_peer(self):
        for peer in self.node.get("/peers"):
            self.node.request(peer["id"], "measure_latency")
        for peer in self.node.get("/peers"):
            self.assertTrue(peer["ping"])
            status, found = ask(self.node, f"/peers/{peer['id']}")
            self.assertEqual(status, 200)
            self.check("peer", found)
            self.assertEqual(set(found), {*peer, "group"})
            for same in ("id", "address", "connection_type", "connected_since"):
                self.assertEqual(found[same], peer[same])
            self.assertEqual(found["connection_type"], "manual")
            self.assertEqual([actor["name"] for actor in found["group"]["actors"]],
                             ["client", "connection", "heartbeat"])
            self.assertEqual(len({actor["id"] for actor in found["group"]["actors"]}), 3)
            history = found["group"]["history"]
            self.assertEqual([event["type"] for event in history],
                             ["dial_started", "peer_ready"])
            self.assertEqual(history[0]["address"], peer["address"])
            self.assertEqual(history[1]["peer"], peer["id"])

    def test_events(self):
        # Alone, because it is stopped: its last events are to be seen too.
        with Node("--swarm", "2", "--add-peer", "127.0.0.1:1", "--log-level", "error") as node, \
                node.events(from_=1) as stream, node.events(from_=1_000_000) as lost:
            self.check("event", next(lost))
            node.wait_for({"peers_ready": 1})
            node.stop()
            events = list(stream)
            for event in events:
                self.check("event", event)
            self.assertLessEqual({"node_started", "dial_started", "peer_ready",
                                  "node_stopping", "peer_left"},
                                 {event["type"] for event in events})

    def test_the_history_begins_with_the_node(self):
        first = self.node.get("/history")[0]
        started = self.node.get("/peers")[0]["connected_since"]
        self.assertLess(abs(first["time"] - started), 20)
        self.assertEqual((first["inbound"], first["received_per_second"]), (0, None))

    def test_what_does_not_fit(self):
        status = self.node.get("/status")
        for wrong in ({**status, "dialing": "3"},
                      {key: x for key, x in status.items() if key != "bans"}):
            with self.assertRaises(jsonschema.ValidationError):
                self.validate(self.schemas, "status", wrong)

    def test_what_later_versions_may_add(self):
        """Breaks nobody who validates by the schemas; here it is not documented."""
        event = {"seq": 1, "time": 1, "type": "node_started"}
        gap = {"type": "gap", "from": 1, "to": 2}
        status = self.node.get("/status")
        for name, fuller in (
                ("status", {**status, "more": 1}),
                ("status", {**status, "peers": {**status["peers"], "more": 1}}),
                ("peers", [{**self.node.get("/peers")[0], "more": 1}]),
                ("bans", [{"range": "::/0", "created": 1, "until": 2, "reason": "", "more": 1}]),
                ("event", {**event, "more": 1}), ("event", {**event, "type": "more"}),
                ("event", {**gap, "more": 1})):
            self.validate(self.schemas, name, fuller)
            with self.assertRaises(jsonschema.ValidationError, msg=fuller):
                self.check(name, fuller)


if __name__ == "__main__":
    unittest.main()
