# SPDX-License-Identifier: MIT
"""A headless Chromium, by the WebDriver protocol of chromedriver. Standard library only."""

import base64
import http.client
import json
import os
import pathlib
import re
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
           "--disable-background-networking", "--disable-component-update", "--disable-sync",
           "--disable-dev-shm-usage", "--window-size=1280,1000")
START_SECONDS = 60  # the first start of a browser on a busy machine
COMMAND_SECONDS = 30


def skip_without_chromium():
    """Skips the test, or class of tests, that calls it, and says what is missing."""
    for program, package in (("chromium", "chromium"), ("chromedriver", "chromium-driver")):
        if not shutil.which(program):
            raise unittest.SkipTest(f"no {program}: install Debian's package {package}")


class Browser:
    """One browser with one page. For use as a context manager."""

    def __init__(self, options=OPTIONS):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peerage-browser-"))
        with open(self.folder / "log", "wb") as log:
            # A group of its own: whatever happens, all its processes can be ended.
            self.driver = subprocess.Popen(
                ["chromedriver", "--port=0"], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        self.session = None
        try:
            self.port = self._read_port()
            self.session = self._command("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:loggingPrefs": {"browser": "ALL"},
                "goog:chromeOptions": {
                    "binary": shutil.which("chromium"),
                    "args": [*options, f"--user-data-dir={self.folder / 'profile'}"]},
            }}}, START_SECONDS)["sessionId"]
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.session:
            try:
                self._command("DELETE", f"/session/{self.session}")
            except (OSError, AssertionError):
                pass  # what does not end so is killed
            self.session = None
        try:
            os.killpg(self.driver.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.driver.wait()
        self.driver.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def open(self, url):
        self._command("POST", f"/session/{self.session}/url", {"url": url})

    def run(self, script, *arguments):
        """The result of a function's body, run in the page."""
        return self._command("POST", f"/session/{self.session}/execute/sync",
                             {"script": script, "args": list(arguments)})

    def wait(self, script, seconds, what):
        """Polls the page until `script` returns something true, and returns that."""
        deadline = time.monotonic() + seconds
        while not (found := self.run(script)):
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}: not within {seconds} s; the page says "
                                     + repr(self.run("return document.body.innerText")[:400]))
            time.sleep(0.05)
        return found

    def press(self, key):
        """A key on whatever has the focus; see the WebDriver specification for codes."""
        self._command("POST", f"/session/{self.session}/actions", {"actions": [
            {"type": "key", "id": "keyboard", "actions": [
                {"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]}]})

    def resize(self, width, height):
        """A page of that size, as on a phone; None: as large as the window again."""
        command = ("clearDeviceMetricsOverride" if width is None
                   else "setDeviceMetricsOverride")
        size = {} if width is None else {"width": width, "height": height,
                                         "deviceScaleFactor": 1, "mobile": True}
        self._devtools(f"Emulation.{command}", size)

    def _devtools(self, command, parameters):
        return self._command("POST", f"/session/{self.session}/goog/cdp/execute",
                             {"cmd": command, "params": parameters})

    def before_pages(self, script):
        """Runs a script in every page opened from now on, before its own; None: no more."""
        if script is None:
            self._devtools("Page.removeScriptToEvaluateOnNewDocument",
                           {"identifier": self.script})
        else:
            self.script = self._devtools("Page.addScriptToEvaluateOnNewDocument",
                                         {"source": script})["identifier"]

    def screenshot(self, path):
        """Saves what is to be seen as a PNG."""
        pathlib.Path(path).write_bytes(base64.b64decode(
            self._command("GET", f"/session/{self.session}/screenshot")))

    def console(self):
        """The log of the page since the last call, errors of the browser included."""
        return [x["message"] for x in self._command(
            "POST", f"/session/{self.session}/se/log", {"type": "browser"})]

    def _read_port(self):
        deadline = time.monotonic() + START_SECONDS
        text = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.driver.stdout, selectors.EVENT_READ)
            while not (found := re.search(rb"started successfully on port (\d+)", text)):
                if not selector.select(max(0, deadline - time.monotonic())):
                    raise AssertionError(f"chromedriver does not start: {text!r}")
                some = os.read(self.driver.stdout.fileno(), 4096)
                if not some:
                    raise AssertionError(f"chromedriver ended: {text!r}")
                text += some
        return int(found[1])

    def _command(self, method, path, body=None, seconds=COMMAND_SECONDS):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {"Content-Type": "application/json"})
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise AssertionError(f"{path}: {value['error']}: {value['message']}")
        return value
