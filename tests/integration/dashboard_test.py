#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page at GET /, in a real browser."""

import csv
import io
import os
import pathlib
import re
import signal
import time
import unittest

from browser import Browser, skip_without_chromium
from peerage_harness import Node, Peer

ENTER, ESCAPE, DOWN = "\ue007", "\ue00c", "\ue015"

# In the page: whether the figure, the table and the connection say that N are ready.
READY = """
  return document.getElementById('connection-state').dataset.state === 'connected' &&
    document.getElementById('ready').textContent === '%d' &&
    document.getElementById('total').textContent === '%d' &&
    document.querySelectorAll('#peers tbody tr[data-id]').length === %d
"""
STATE = "return document.getElementById('connection-state').dataset.state === '%s'"
TYPES = "return [...document.querySelectorAll('#events li')].map(x => x.dataset.type)"
# The newest action: its state, text, and the types of its events.
ACTION = """
  const found = document.querySelector('#actions > li');
  return found && {state: found.dataset.state, name: found.dataset.action, text: found.innerText,
    types: [...found.querySelectorAll('.stream li')].map(x => x.dataset.type)}
"""
TYPE_IN = """
  const field = document.getElementById(arguments[0]);
  field.value = arguments[1];
  field.dispatchEvent(new Event('input'))
"""


def ready(count):
    return READY % (count, count, count)


class PageCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        skip_without_chromium()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def look_at(self, node, count):
        """The page, with so many peers. It is marked: a reload would lose the mark."""
        self.browser.open(node.urls[0])
        self.browser.run("window.notReloaded = true")
        self.browser.console()
        self.browser.wait(ready(count), 30, f"{count} ready peers")

    def assert_not_reloaded(self):
        self.assertTrue(self.browser.run("return window.notReloaded === true"))

    def text_of(self, element):
        return self.browser.run("return document.getElementById(arguments[0]).textContent", element)

    def click(self, selector):
        self.browser.run("document.querySelector(arguments[0]).click()", selector)


class Dashboard(PageCase):
    def test_follows_peers_that_go_and_return(self):
        browser = self.browser
        with Node("--swarm", "24") as node:
            self.look_at(node, 24)
            self.assertEqual(self.text_of("unready"), "0")
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
            types = browser.run(TYPES)
            self.assertEqual(types.count("peer_left"), 12)
            self.assertEqual(types.count("peer_ready"), 36)
            self.assert_not_reloaded()
            self.assertEqual(browser.console(), [])

    def test_finds_a_restarted_node(self):
        browser = self.browser
        with Node("--swarm", "3") as node:
            self.look_at(node, 3)
            at = node.urls[0].removeprefix("http://")
            node.stop()
        browser.wait(STATE % "gone", 10, "it is said to be gone")
        self.assertIn("The node has stopped.", browser.run(
            "return document.getElementById('banner').innerText"))
        with Node("--swarm", "5", "--status", at):
            browser.wait(ready(5), 30, "the 5 peers of the new node")
            # Nothing of the old one is left in the stream.
            self.assertEqual(browser.wait("""
              const types = [...document.querySelectorAll('#events li')].map(x => x.dataset.type);
              return types.filter(x => x === 'peer_ready').length === 5 && types
              """, 10, "the events of the new node").count("node_started"), 1)
            self.assertTrue(browser.run("return document.getElementById('banner').hidden"))
            self.assert_not_reloaded()

    def test_a_frozen_node_is_stale_and_a_killed_one_gone(self):
        browser = self.browser
        with Node("--swarm", "3") as node:
            self.look_at(node, 3)
            os.kill(node.pid, signal.SIGSTOP)
            try:
                frozen = time.monotonic()
                browser.wait(STATE % "stale", 3, "it is said to be stale")
                self.assertLess(time.monotonic() - frozen, 3)
                self.assertTrue(browser.run("return document.body.classList.contains('stale')"))
                self.assertIn("does not answer", browser.run(
                    "return document.getElementById('banner').innerText"))
            finally:
                os.kill(node.pid, signal.SIGCONT)
            browser.wait(ready(3), 15, "it is live again")
            self.assertTrue(browser.run("return document.getElementById('banner').hidden"))
            node.kill()
            browser.wait(STATE % "gone", 5, "it is said to be gone")

    def test_one_peer_by_keyboard(self):
        browser = self.browser
        with Node("--swarm", "4") as node:
            self.look_at(node, 4)
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
            self.assertIn(f"Peer {second}", self.text_of("peer-detail"))
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
            self.look_at(node, 4)
            rows = "return document.querySelectorAll('#peers tbody tr').length"
            for text, count in (("inbound", 0), ("127.1.0.", 4), ("SWARM out", 4), ("", 4),
                                ("ping<60000ms", 4), ("ping>60000ms", 0), ("local witness", 4),
                                ("ipv6", 0)):
                browser.run(TYPE_IN, "filter", text)
                self.assertEqual(browser.run(rows), count, text)
                browser.run(TYPE_IN, "filter", "")
            browser.run("""
              document.querySelector('#types [data-type=dial_started]').click();
              document.getElementById('pause').click()""")
            self.assertNotIn("dial_started", browser.run(TYPES))
            self.assertNotIn("ban_added", browser.run(TYPES))
            node.rpc("setban", "192.0.2.0/24", "add")
            browser.wait("return document.getElementById('bans').textContent === '1'", 10,
                         "the ban")
            self.assertNotIn("ban_added", browser.run(TYPES))
            browser.run("document.getElementById('pause').click()")
            browser.wait(TYPES + ".includes('ban_added')", 10, "what was held back")
            browser.run(TYPE_IN, "event-filter", "192.0.2. manual")
            self.assertEqual(browser.run(TYPES), ["ban_added"])

    def test_without_peers(self):
        browser = self.browser
        with Node() as node:
            self.look_at(node, 0)
            browser.wait("return !document.getElementById('peers-empty').hidden", 10,
                         "it is said that there is none")
            self.assertIn("No peer", self.text_of("peers-empty"))

    def test_fits_a_phone(self):
        browser = self.browser
        with Node("--swarm", "4") as node:
            self.look_at(node, 4)
            browser.resize(360, 740)
            self.addCleanup(browser.resize, None, None)
            self.click("#peers tbody tr")
            browser.wait("return document.querySelector('#peer-detail [data-actor]')", 10,
                         "a peer")
            self.assertEqual(browser.run("""
              return [innerWidth, document.documentElement.scrollWidth]"""), [360, 360])
            box = browser.run("""
              const box = document.getElementById('peer-detail').getBoundingClientRect();
              return [box.left, box.right, box.top >= 0, box.bottom <= innerHeight]""")
            self.assertEqual(box, [0, 360, True, True])

    def test_the_page_asks_nothing_of_anybody_else(self):
        with Node() as node:
            answer = node.http("GET", "/")
            self.assertEqual(answer.status, 200)
            self.assertTrue(answer.headers["Content-Type"].startswith("text/html"))
            policy = answer.headers["Content-Security-Policy"]
            self.assertIn("default-src 'none'", policy)
            self.assertIn("connect-src 'self'", policy)
            self.assertNotIn("unsafe", policy)
            files = {"/": answer.body.decode()}
            names = {"page/style.css", "page/main.js"}
            self.assertLessEqual(names, set(re.findall(r'"(page/[^"]*)"', files["/"])))
            while names:
                path = "/" + names.pop()
                answer = node.http("GET", path)
                self.assertEqual(answer.status, 200, path)
                files[path] = answer.body.decode()
                names |= {f"page/{x}" for x in re.findall(r"from '\./([^']*)'", files[path])}
                names -= {x.lstrip("/") for x in files}
            self.assertGreater(len(files), 10)
            for path, text in files.items():
                for markup in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
                               "@import", "https://", "localStorage", "sessionStorage",
                               "document.cookie", "indexedDB"):
                    self.assertNotIn(markup, text, path)


class Watching(PageCase):
    """What the page tells of peers, addresses and times."""

    def test_distributions_filter_the_table(self):
        browser = self.browser
        with Node("--swarm", "3") as node:
            self.look_at(node, 3)
            bars = """
              return Object.fromEntries([...document.querySelectorAll('#dist-' + arguments[0] + ' li')]
                .map(x => [x.dataset.name, x.querySelector('b').textContent]))"""
            agent = node.get("/peers")[0]["user_agent"]
            self.assertEqual(browser.run(bars, "agent"), {agent: "3"})
            self.assertEqual(browser.run(bars, "services"), {"network": "3", "witness": "3"})
            self.assertEqual(browser.run(bars, "direction"), {"outbound, manual": "3"})
            self.assertEqual(browser.run(bars, "network"), {"local": "3"})
            self.assertEqual(sum(map(int, browser.run(bars, "ping").values())), 3)
            self.click("#dist-services [data-name=witness] button")
            self.assertEqual(browser.run("return document.getElementById('filter').value"),
                             "witness")
            self.assertEqual(self.text_of("peers-shown"), "3 of 3")

    def test_links_between_peer_address_and_event(self):
        browser = self.browser
        with Node("--swarm", "3") as node:
            self.look_at(node, 3)
            peer = node.get("/peers")[0]
            title = "return document.querySelector('#peer-detail h2')?.textContent === '%s'"
            browser.run("location.hash = 'peer/%d'" % peer["id"])
            browser.wait(title % f"Peer {peer['id']}", 10, "the peer")
            address = f"#peer-detail a[href='#address/{peer['address'].replace(':', '%3A')}']"
            browser.wait("return document.querySelector(arguments[0])" .replace(
                "arguments[0]", repr(address)), 10, "its address")
            self.click(address)
            browser.wait(title % peer["address"], 10, "the address")
            browser.wait("return document.querySelector('#peer-detail .stream li')", 10,
                         "its events")
            browser.run("history.back()")
            browser.wait(title % f"Peer {peer['id']}", 10, "the peer again")
            ready_event = browser.wait("""
              return document.querySelector('#peer-detail li[data-type=peer_ready]')?.dataset.seq
              """, 10, "its history")
            self.click("#peer-detail li[data-type=peer_ready] a[href^='#event/']")
            browser.wait(title % f"Event {ready_event}", 10, "the event")
            self.click(f"#peer-detail a[href='#peer/{peer['id']}']")
            browser.wait(title % f"Peer {peer['id']}", 10, "from the event to the peer")

            # The text of a peer, in words.
            text = browser.wait("""
              const text = document.getElementById('peer-detail').innerText;
              return text.includes('services') && text""", 10, "its facts")
            self.assertIn("network, witness", text)
            self.assertIn("out, manual", text)
            self.assertRegex(text, r"clock\s+as ours|clock\s+\d s (ahead of|behind) ours")

    def test_a_peer_without_a_clock(self):
        with Node() as node, Peer(node.p2p) as peer:
            peer.handshake(time=0)
            self.look_at(node, 1)
            self.click("#peers tbody tr")
            text = self.browser.wait("""
              const text = document.getElementById('peer-detail').innerText;
              return text.includes('services') && text""", 10, "its facts")
            self.assertRegex(text, r"clock\s+not told")
            self.assertRegex(text, r"direction\s+in\n")
            self.assertRegex(text, r"services\s+network, witness\n")

    def test_copies(self):
        with Node("--swarm", "1") as node:
            self.look_at(node, 1)
            self.browser.run("""
              window.copied = [];
              navigator.clipboard.writeText = async x => { copied.push(x); };
              document.querySelector('#peers tbody tr').click()""")
            self.browser.wait("""
              const found = document.querySelector("#peer-detail [aria-label='Copy the address']");
              found?.click();
              return found && copied.length""", 10, "a copy")
            self.assertEqual(self.browser.run("return copied[0]"),
                             node.get("/peers")[0]["address"])

    def test_saves_what_is_filtered(self):
        browser = self.browser
        with Node("--swarm", "3") as node:
            self.look_at(node, 3)
            browser.run("""
              window.saved = [];
              URL.createObjectURL = file => { file.text().then(x => saved.push(x)); return 'data:,'; }""")
            wanted = node.get("/peers")[1]
            browser.run(TYPE_IN, "filter", wanted["address"])
            self.click("#peers-csv")
            rows = list(csv.DictReader(io.StringIO(browser.wait(
                "return saved[0]", 10, "a file"))))
            self.assertEqual(len(rows), 1)
            self.assertEqual((rows[0]["address"], rows[0]["services"], rows[0]["network"]),
                             (wanted["address"], "network witness", "local"))
            browser.run(TYPE_IN, "event-filter", "peer ready")
            self.click("#events-csv")
            rows = list(csv.DictReader(io.StringIO(browser.wait(
                "return saved[1]", 10, "another file"))))
            self.assertEqual({row["type"] for row in rows}, {"peer_ready"})
            self.assertEqual(len(rows), 3)

    def test_a_day_is_there_when_the_page_opens(self):
        browser = self.browser
        # As if the node had run for long: the page itself reads its /history.
        long_ago = pathlib.Path(__file__).with_name("long_history.js").read_text(encoding="utf-8")
        with Node("--swarm", "2") as node:
            browser.before_pages(long_ago)
            self.addCleanup(browser.before_pages, None)
            self.look_at(node, 2)
            for chart in ("peers", "traffic", "ping", "dials"):
                points = browser.wait(
                    "return [...document.querySelectorAll('#history-%s polyline')]"
                    ".map(x => x.getAttribute('points').split(' ').length)" % chart,
                    10, f"the chart of {chart}")
                self.assertGreater(max(points), 150, chart)
            self.assertEqual(self.text_of("history-title"), "The last 24 hours")


class Acting(PageCase):
    """What a person does with the page."""

    def unlock(self, cookie):
        self.click("#lock")
        self.browser.run("document.getElementById('cookie').value = arguments[0]", cookie)
        self.click("#unlock button")

    def done(self, name, *types):
        """The newest action has this name, and is done; returns its text."""
        found = self.browser.wait(
            "const action = (() => {" + ACTION + "})();"
            "return action && action.name === '%s' && action.state !== 'waiting' && action" % name,
            20, name)
        self.assertEqual((found["state"], found["types"]), ("done", list(types)), found)
        return found["text"]

    def open_peer(self, peer):
        self.browser.run("location.hash = 'peer/%d'" % peer)
        self.browser.wait("""
          return document.querySelector('#peer-detail h2')?.textContent === 'Peer %d' &&
            document.querySelector('#peer-detail [data-act=disconnect]')""" % peer, 10, "its controls")

    def test_nothing_without_the_cookie(self):
        browser = self.browser
        with Node("--swarm", "1") as node:
            self.look_at(node, 1)
            peer = node.get("/peers")[0]["id"]
            self.open_peer(peer)
            self.click("#peer-detail [data-act=disconnect]")
            self.assertFalse(browser.run("return document.getElementById('unlock').hidden"))
            self.assertIn("regtest/.cookie", self.text_of("unlock-file"))
            self.assertEqual(browser.run("return document.querySelectorAll('#actions li').length"), 0)
            browser.run("document.getElementById('cookie').value = '__cookie__:wrong'")
            self.click("#unlock button")
            browser.wait("return document.getElementById('unlock-error').textContent"
                         ".includes('refuses')", 10, "it is refused")
            self.assertEqual(node.get("/peers")[0]["id"], peer)
            browser.run("document.getElementById('cookie').value = arguments[0]", node.cookie)
            self.click("#unlock button")
            browser.wait("return document.getElementById('unlock').hidden", 10, "it is unlocked")
            # In memory, and nowhere else.
            secret = node.cookie.split(":")[1]
            self.assertNotIn(secret, browser.run(
                "return location.href + document.documentElement.outerHTML +"
                " document.getElementById('cookie').value +"
                " JSON.stringify({...localStorage}) + JSON.stringify({...sessionStorage}) +"
                " document.cookie + performance.getEntries().map(x => x.name).join()"))
            self.click("#lock")
            browser.wait("return !document.body.classList.contains('unlocked')", 5, "locked")

    def test_disconnect_ping_ban_and_unban(self):
        browser = self.browser
        with Node("--swarm", "3") as node:
            self.look_at(node, 3)
            self.unlock(node.cookie)
            browser.wait("return document.body.classList.contains('unlocked')", 10, "unlocked")
            first, second, _ = node.get("/peers")

            self.open_peer(first["id"])
            self.click("#peer-detail [data-act=ping]")
            self.assertRegex(self.done(f"Ping peer {first['id']}"),
                             r"It answered after [\d.]+ (µs|ms)\.")
            self.click("#peer-detail [data-act=disconnect]")
            self.assertIn("disconnect requested", self.done(
                f"Disconnect peer {first['id']}", "peer_left"))
            browser.wait("return document.getElementById('peer-detail').textContent"
                         ".includes('This peer left')", 10, "that it is gone")

            self.open_peer(second["id"])
            host = second["address"].split(":")[0]
            browser.run("document.querySelector('#peer-detail select').value = 3600")
            self.click("#peer-detail [data-act=ban]")
            text = self.browser.wait(
                "const action = (() => {" + ACTION + "})();"
                "return action.state === 'done' && action.name === 'Ban %s' && action" % host,
                20, "the ban")
            self.assertEqual(set(text["types"]), {"ban_added", "peer_left"})
            ban, = node.get("/bans")
            self.assertEqual(ban["range"], f"{host}/32")
            self.assertLess(abs(ban["until"] - ban["created"] - 3600), 2)
            self.assertNotIn(second["address"], [x["address"] for x in node.get("/peers")])

            browser.run("document.getElementById('ban-details').open = true")
            browser.wait("return document.querySelector('#ban-list li[data-range]')", 10, "the list")
            self.click("#ban-list li[data-range] button")
            self.assertIn(f"{host}/32", self.done(f"Lift the ban of {host}/32", "ban_lifted"))
            browser.wait("return document.querySelectorAll('#ban-list li[data-range]').length === 0",
                         10, "the list is empty")
            self.assertEqual(node.get("/bans"), [])

            browser.run("document.getElementById('ban-range').value = '192.0.2.0/24'")
            self.click("#ban button")
            self.done("Ban 192.0.2.0/24", "ban_added")
            self.assertEqual(node.get("/bans")[0]["range"], "192.0.2.0/24")
            browser.run("document.getElementById('ban-range').value = 'nonsense'")
            self.click("#ban button")
            failed = browser.wait("const action = (() => {" + ACTION + "})();"
                                  "return action.state === 'failed' && action", 10, "an error")
            self.assertIn("nonsense", failed["name"])

    def test_connect(self):
        browser = self.browser
        with Node() as other, Node() as node:
            self.look_at(node, 0)
            self.unlock(node.cookie)
            browser.wait("return document.body.classList.contains('unlocked')", 10, "unlocked")
            browser.run("document.getElementById('connect-to').value = arguments[0]", other.p2p)
            self.click("#connect button")
            self.done(f"Connect to {other.p2p}", "dial_started", "peer_ready")
            browser.wait(ready(1), 10, "the peer")
            browser.run("document.getElementById('connect-to').value = '127.0.0.1:1'")
            self.click("#connect button")
            self.assertIn("connect refused", self.done(
                "Connect to 127.0.0.1:1", "dial_started", "dial_failed"))

    def test_another_run_needs_another_cookie(self):
        browser = self.browser
        with Node("--swarm", "1") as node:
            self.look_at(node, 1)
            self.unlock(node.cookie)
            browser.wait("return document.body.classList.contains('unlocked')", 10, "unlocked")
            at = node.urls[0].removeprefix("http://")
            node.stop()
        browser.wait(STATE % "gone", 10, "it is gone")
        with Node("--swarm", "1", "--status", at) as node:
            browser.wait("""return !document.body.classList.contains('unlocked') &&
              !document.getElementById('unlock').hidden""", 20, "it asks for the cookie")
            self.assertIn("another cookie", self.text_of("unlock-error"))
            browser.run("document.getElementById('cookie').value = arguments[0]", node.cookie)
            self.click("#unlock button")
            browser.wait("return document.body.classList.contains('unlocked')", 10, "unlocked again")
            browser.wait(ready(1), 20, "a peer")
            peer = node.get("/peers")[0]["id"]
            self.open_peer(peer)
            self.click("#peer-detail [data-act=disconnect]")
            self.done(f"Disconnect peer {peer}", "peer_left")


if __name__ == "__main__":
    unittest.main()
