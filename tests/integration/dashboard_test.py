#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page at GET /, in a real browser."""

import unittest

from browser import Browser, skip_without_chromium
from peerage_harness import Node

ENTER, ESCAPE, DOWN = "\ue007", "\ue00c", "\ue015"

# In the page: whether the figure, the table and the connection say that N are ready.
READY = """
  return document.getElementById('connection-state').dataset.state === 'connected' &&
    document.getElementById('ready').textContent === '%d' &&
    document.getElementById('total').textContent === '%d' &&
    document.querySelectorAll('#peers tbody tr[data-id]').length === %d
"""
STATE = "return document.getElementById('connection-state').dataset.state === '%s'"


def ready(count):
    return READY % (count, count, count)


class Dashboard(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        skip_without_chromium()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def look_at(self, node):
        """The page, marked: a reload would lose the mark."""
        self.browser.open(node.urls[0])
        self.browser.run("window.notReloaded = true")
        self.browser.console()

    def assert_not_reloaded(self):
        self.assertTrue(self.browser.run("return window.notReloaded === true"))

    def test_follows_peers_that_go_and_return(self):
        browser = self.browser
        with Node("--swarm", "24") as node:
            self.look_at(node)
            browser.wait(ready(24), 30, "24 ready peers")
            self.assertEqual(browser.run("return document.getElementById('unready').textContent"),
                             "0")
            first = {peer["id"] for peer in node.get("/peers")}
            # Every count that the page shows from now on.
            browser.run("""
              window.seen = new Set();
              const note = () => seen.add(Number(document.getElementById('ready').textContent));
              new MutationObserver(note).observe(document.getElementById('ready'),
                {childList: true, characterData: true, subtree: true});
            """)
            since = node.get("/status")["events"]["next"]
            killed = sorted(first)[:12]
            for peer in killed:
                node.rpc("disconnectnode", nodeid=peer)
            for peer in killed:
                node.wait_for({"event": {"type": "peer_left", "since": since, "peer": peer}})
            browser.wait("return [...seen].some(n => n < 24)", 10, "fewer than 24 peers")
            browser.wait("""
              return document.querySelector('#reasons [data-reason=disconnect_requested] b')
                ?.textContent === '12'""", 10, "why 12 left")
            node.wait_for({"peers_ready": 24})
            browser.wait(ready(24), 30, "24 ready peers again")
            ids = sorted(peer["id"] for peer in node.get("/peers"))
            self.assertEqual(set(ids) & set(killed), set())
            browser.wait("""
              return [...document.querySelectorAll('#peers tbody tr')]
                .map(row => Number(row.dataset.id)).sort((a, b) => a - b).join() === '%s'
              """ % ",".join(map(str, ids)), 10, "the new ones in the table")
            types = browser.run("""
              return [...document.querySelectorAll('#events li')].map(x => x.dataset.type)""")
            self.assertEqual(types.count("peer_left"), 12)
            self.assertEqual(types.count("peer_ready"), 36)
            self.assert_not_reloaded()
            self.assertEqual(browser.console(), [])

    def test_finds_a_restarted_node(self):
        browser = self.browser
        with Node("--swarm", "3") as node:
            self.look_at(node)
            browser.wait(ready(3), 30, "3 ready peers")
            at = node.urls[0].removeprefix("http://")
            node.stop()
        browser.wait(STATE % "reconnecting", 10, "it is said to be disconnected")
        self.assertTrue(browser.run("return !document.getElementById('banner').hidden"))
        with Node("--swarm", "5", "--status", at):
            browser.wait(ready(5), 30, "the 5 peers of the new node")
            # Nothing of the old one is left in the stream.
            self.assertEqual(browser.wait("""
              const types = [...document.querySelectorAll('#events li')].map(x => x.dataset.type);
              return types.filter(x => x === 'peer_ready').length === 5 && types
              """, 10, "the events of the new node").count("node_started"), 1)
            self.assertTrue(browser.run("return document.getElementById('banner').hidden"))
            self.assert_not_reloaded()

    def test_one_peer_by_keyboard(self):
        browser = self.browser
        with Node("--swarm", "4") as node:
            self.look_at(node)
            browser.wait(ready(4), 30, "4 ready peers")
            browser.run("document.querySelector('#peers tbody tr[tabindex=\"0\"]').focus()")
            browser.press(DOWN)
            browser.press(ENTER)
            actors = browser.wait("""
              const found = [...document.querySelectorAll('#peer-detail [data-actor]')]
                .map(x => x.dataset.actor);
              return found.length && found""", 10, "the actors of a peer")
            self.assertEqual(set(actors), {"client", "connection", "heartbeat"})
            second = browser.run("""
              return document.querySelectorAll('#peers tbody tr')[1].dataset.id""")
            self.assertIn(f"Peer {second}", browser.run(
                "return document.getElementById('peer-detail').textContent"))
            node.rpc("disconnectnode", nodeid=int(second))
            browser.wait("""
              return document.getElementById('peer-detail').textContent
                .includes('disconnect requested')""", 10, "why it left")
            browser.press(ESCAPE)
            self.assertTrue(browser.run("return document.getElementById('peer-detail').hidden"))
            browser.wait(ready(4), 30, "it is back")

    def test_filters_and_pause(self):
        browser = self.browser
        with Node("--swarm", "4") as node:
            self.look_at(node)
            browser.wait(ready(4), 30, "4 ready peers")
            rows = "return document.querySelectorAll('#peers tbody tr').length"
            type_in = """
              const filter = document.getElementById('filter');
              filter.value = arguments[0];
              filter.dispatchEvent(new Event('input'))"""
            for text, count in (("inbound", 0), ("127.1.0.", 4), ("SWARM out", 4), ("", 4)):
                browser.run(type_in, text)
                self.assertEqual(browser.run(rows), count, text)
            browser.run("""
              document.querySelector('#types [data-type=dial_started]').click();
              document.getElementById('pause').click()""")
            shown = "return [...document.querySelectorAll('#events li')].map(x => x.dataset.type)"
            self.assertNotIn("dial_started", browser.run(shown))
            self.assertNotIn("ban_added", browser.run(shown))
            node.rpc("setban", "192.0.2.0/24", "add")
            browser.wait("return document.getElementById('bans').textContent === '1'", 10,
                         "the ban")
            self.assertNotIn("ban_added", browser.run(shown))
            browser.run("document.getElementById('pause').click()")
            browser.wait(shown + ".includes('ban_added')", 10, "what was held back")

    def test_without_peers(self):
        browser = self.browser
        with Node() as node:
            self.look_at(node)
            browser.wait(STATE % "connected", 30, "it is connected")
            browser.wait("return !document.getElementById('peers-empty').hidden", 10,
                         "it is said that there is none")
            self.assertIn("No peer", browser.run(
                "return document.getElementById('peers-empty').textContent"))

    def test_fits_a_phone(self):
        browser = self.browser
        with Node("--swarm", "4") as node:
            self.look_at(node)
            browser.wait(ready(4), 30, "4 ready peers")
            browser.resize(360, 740)
            self.addCleanup(browser.resize, None, None)
            self.assertEqual(browser.run("""
              document.querySelector('#peers tbody tr').click();
              return [innerWidth, document.documentElement.scrollWidth]"""), [360, 360])
            browser.wait("return document.querySelector('#peer-detail [data-actor]')", 10,
                         "a peer")
            box = browser.run("""
              const box = document.getElementById('peer-detail').getBoundingClientRect();
              return [box.left, box.right, box.top >= 0, box.bottom <= innerHeight]""")
            self.assertEqual(box, [0, 360, True, True])

    def test_the_page_asks_nothing_of_anybody_else(self):
        with Node() as node:
            answer = node.http("GET", "/")
            page = answer.body.decode()
            self.assertEqual(answer.status, 200)
            self.assertTrue(answer.headers["Content-Type"].startswith("text/html"))
            policy = answer.headers["Content-Security-Policy"]
            self.assertIn("default-src 'none'", policy)
            self.assertIn("connect-src 'self'", policy)
            for markup in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
                           "<script src", "<link rel=\"stylesheet\"", "@import", "https://"):
                self.assertNotIn(markup, page)


if __name__ == "__main__":
    unittest.main()
