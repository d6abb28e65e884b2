"""The pictures of the README and the tutorial: `python docs/figures/tutorial.py kaon-demo/study` (or `kaon-demo`).

The report is photographed in a headless Chromium, section by section; the publication figure is drawn as
`kaon report --figures` draws it.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import io
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import websocket
from PIL import Image

from kaon.files import replacing
from kaon.report import write_figures, write_page

PICTURES = Path(__file__).parents[1] / "pictures"
COLOURS = 256
"""A screenshot needs no more, and is a third of the size."""

MARGIN = 16
"""Below the last line of a section, pixels."""


@dataclass(frozen=True)
class Shot:
    """A part of the report: from the top of the first element to the bottom of the last, or to `height` pixels."""

    name: str
    first: str
    last: str
    width: int = 1180
    height: int | None = None
    dark: bool = False
    sharp: float = 1.5


SHOTS = (
    Shot("report", "body", "#separation .grid", height=1080),
    Shot("separation", "#separation", "#separation"),
    Shot("scores", "#scores", "#scores"),
    Shot("physics", "#physics", "#physics"),
    Shot("images", "#image", "#image"),
    Shot("phone", "body", "#separation", width=390, height=844, dark=True, sharp=1.0),
)


class Tab:
    """One tab of a browser, driven through the DevTools protocol."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=60, suppress_origin=True)
        self._number = 0

    def call(self, method: str, **parameters: Any) -> Any:
        """Result of a command; what the page says meanwhile is not waited for."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]

    def ask(self, expression: str) -> Any:
        """Value of a JavaScript expression."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def wait(self, expression: str) -> None:
        """Until a JavaScript expression is true."""
        end = time.monotonic() + 60
        while not self.ask(expression):
            if time.monotonic() > end:
                raise TimeoutError(expression)
            time.sleep(0.05)

    def photograph(self, page: Path, shot: Shot) -> Image.Image:
        """The part of the page, once all of its charts are drawn."""
        theme = [{"name": "prefers-color-scheme", "value": "dark" if shot.dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=theme)
        size = {"width": shot.width, "height": 1000, "deviceScaleFactor": shot.sharp, "mobile": shot.width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        self.call("Page.navigate", url="about:blank")  # else the page before would be taken for the new one
        self.wait("location.protocol === 'about:'")
        self.call("Page.navigate", url=page.resolve().as_uri())
        self.wait("location.protocol === 'file:' && document.readyState === 'complete'")
        for figure in self.ask("[...document.querySelectorAll('figure[data-chart]')].map((f) => f.id)"):
            self.ask(f"document.getElementById('{figure}').scrollIntoView({{behavior: 'instant'}})")
            self.wait(f"document.querySelector('#{figure} .plot.drawn, #{figure} .plot .main-svg') !== null")
        self.ask("scrollTo({top: 0, behavior: 'instant'})")
        top, bottom = (
            self.ask(f"document.querySelector('{selector}').getBoundingClientRect().{side} + scrollY")
            for selector, side in ((shot.first, "top"), (shot.last, "bottom"))
        )
        # The bar at the top of the page would lie over any section that is not at the top.
        place = "sticky" if shot.first == "body" else "static"
        self.ask(f"document.querySelector('.bar').style.position = '{place}'")
        clip = {"x": 0, "y": top, "width": shot.width, "height": shot.height or bottom - top + MARGIN, "scale": 1}
        taken = self.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        return Image.open(io.BytesIO(base64.b64decode(taken["data"])))


@contextmanager
def browser() -> Iterator[Tab]:
    """A headless Chromium of our own, with an empty profile."""
    program = next(found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name)))
    quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    quiet += ["--disable-background-networking", "--disable-component-update", "--hide-scrollbars"]
    with tempfile.TemporaryDirectory() as profile:
        process = subprocess.Popen(
            [program, *quiet, "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            port = Path(profile) / "DevToolsActivePort"
            while not (port.exists() and port.read_text().strip()):
                if process.poll() is not None:
                    raise RuntimeError(f"the browser ended with {process.returncode}")
                time.sleep(0.05)
            connection = http.client.HTTPConnection("127.0.0.1", int(port.read_text().split()[0]))
            connection.request("GET", "/json/list")
            targets = json.loads(connection.getresponse().read())
            yield Tab(next(t["webSocketDebuggerUrl"] for t in targets if t["type"] == "page"))
        finally:
            process.terminate()
            process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("demo", type=Path, help="directory of `kaon compare`, or of `kaon demo`")
    options = parser.parse_args()
    inner = options.demo / "comparison"
    comparison = inner if inner.is_dir() else options.demo
    with tempfile.TemporaryDirectory() as scratch:
        page = write_page(comparison, Path(scratch) / "report.html")
        with browser() as tab:
            for shot in SHOTS:
                save(tab.photograph(page, shot), shot.name)
        for style in ("atlas",):
            write_figures(comparison, scratch, style=style)
            save(Image.open(Path(scratch) / "roc.png").resize((640, 640), Image.Resampling.LANCZOS), f"roc-{style}")


def save(image: Image.Image, name: str) -> None:
    with replacing(PICTURES / f"{name}.png") as path:
        image.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
            path, optimize=True
        )
    print(f"{PICTURES / name}.png {image.size} {(PICTURES / f'{name}.png').stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
