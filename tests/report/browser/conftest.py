"""A headless Chromium, driven through its DevTools protocol."""

from __future__ import annotations

import base64
import http.client
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)


class Browser:
    """One tab: commands go in, and what the page logs, throws and requests is kept."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=60, suppress_origin=True)
        self._number = 0
        self.errors: list[str] = []
        self.requests: list[str] = []
        for domain in ("Runtime", "Log", "Page", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """Result of a DevTools command."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]
            self._note(message.get("method", ""), message.get("params", {}))

    def _note(self, method: str, said: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(said["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and said["type"] in ("error", "warning", "assert"):
            self.errors.append(json.dumps(said["args"]))
        elif method == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
            self.errors.append(said["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])

    def ask(self, expression: str) -> Any:
        """Value of a JavaScript expression."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, expression: str, seconds: float = 30.0) -> None:
        """Until a JavaScript expression is true."""
        end = time.monotonic() + seconds
        while not self.ask(expression):
            assert time.monotonic() < end, f"still not true after {seconds} s: {expression}; errors: {self.errors}"
            time.sleep(0.05)

    def open(self, page: Path, *, width: int = 1440, height: int = 900, dark: bool = False) -> None:
        """Load a page in a window of this size, and scroll through it until every chart is drawn."""
        self.errors.clear()
        self.requests.clear()
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[theme])
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self.call("Page.navigate", url=page.resolve().as_uri())
        self.wait(f"location.protocol === 'file:' && document.readyState === 'complete' && innerWidth <= {width}")
        for name in self.ask("[...document.querySelectorAll('figure[data-chart]')].map((f) => f.id)"):
            self.ask(f"document.getElementById('{name}').scrollIntoView({{behavior: 'instant'}})")
            self.wait(f"document.querySelector('#{name} .plot.drawn, #{name} .plot .main-svg') !== null")

    def click(self, selector: str) -> None:
        """A real click of the mouse in the middle of an element."""
        x, y = self.ask(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({behavior: 'instant', block: 'center'}); const b = e.getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def screenshot(self) -> bytes:
        """PNG of the window."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def close(self) -> None:
        """Leave the tab."""
        self._socket.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A running browser; the test is skipped where none is installed."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"no browser found: none of {', '.join(NAMES)} is on the PATH")
    profile = tmp_path_factory.mktemp("profile")
    process = subprocess.Popen(
        [program, *OPTIONS, f"--user-data-dir={profile}", "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    tab = None
    try:
        tab = Browser(_address(profile / "DevToolsActivePort", process))
        yield tab
    finally:
        if tab is not None:
            tab.close()
        process.terminate()
        process.wait(timeout=30)


def _address(file: Path, process: subprocess.Popen[bytes]) -> str:
    """WebSocket of the first tab, once the browser has written its port into the profile."""
    end = time.monotonic() + 60
    while not (file.exists() and file.read_text().strip()):
        assert process.poll() is None, f"the browser ended with {process.returncode} before it was ready"
        assert time.monotonic() < end, "the browser was not ready within a minute"
        time.sleep(0.05)
    connection = http.client.HTTPConnection("127.0.0.1", int(file.read_text().split()[0]), timeout=30)
    try:
        while True:
            connection.request("GET", "/json/list")
            for target in json.loads(connection.getresponse().read()):
                if target["type"] == "page":
                    return str(target["webSocketDebuggerUrl"])
            assert time.monotonic() < end, "the browser has no tab"
            time.sleep(0.05)
    finally:
        connection.close()
