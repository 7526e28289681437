"""A browser driven over WebDriver BiDi: as much of it as a short walk needs.

Commands and events are JSON over a WebSocket (https://w3c.github.io/webdriver-bidi).
"""

import asyncio
import itertools
import json
import re
import subprocess
import time
from threading import Thread

from tornado.websocket import websocket_connect

ADDRESS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
SECONDS = 60.0
# Nothing is to be asked of anyone.
PREFERENCES = {
    "app.update.disabledForTesting": "true",
    "browser.startup.page": "0",
    "datareporting.policy.dataSubmissionEnabled": "false",
    "network.captive-portal-service.enabled": "false",
    "network.connectivity-service.enabled": "false",
}


class Browser:
    """A Firefox without a window, of a profile of its own.

    `told` is what was said to its console.
    """

    def __init__(self, program, profile):
        self.told = []
        self._ids = itertools.count(1)
        # In a thread of its own: Playwright's loop runs in that of the tests.
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        lines = [
            f"user_pref({json.dumps(one)}, {PREFERENCES[one]});" for one in PREFERENCES
        ]
        (profile / "user.js").write_text("\n".join(lines))
        flags = ["--headless", "--no-remote", "--remote-debugging-port", "0"]
        # A file, as a pipe that nobody empties would stop the browser.
        self._log = profile / "log.txt"
        with self._log.open("w") as log:
            words = [program, *flags, "--profile", f"{profile}", "about:blank"]
            self._process = subprocess.Popen(words, stdout=log, stderr=log)
        self._socket = self._run(_connected(f"{self._address()}/session"))
        self.command("session.new", capabilities={})
        self.command("session.subscribe", events=["log.entryAdded"])
        (tree,) = self.command("browsingContext.getTree")["contexts"]
        self._context = tree["context"]

    def close(self):
        """End the browser and wait until it has gone."""
        self._loop.call_soon_threadsafe(self._socket.close)
        self._process.terminate()
        self._process.wait(SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()

    def command(self, method, **params):
        """Send a command, wait for its answer, and return what it says."""
        number = next(self._ids)
        message = {"id": number, "method": method, "params": params}
        return self._run(self._answer(json.dumps(message), number))

    def open(self, address):
        """Open an address and wait until it has been read."""
        words = {"context": self._context, "url": address, "wait": "complete"}
        self.command("browsingContext.navigate", **words)

    def evaluate(self, expression):
        """Return the text, number, truth or null that an expression stands for."""
        target = {"context": self._context}
        words = {"expression": expression, "target": target, "awaitPromise": True}
        found = self.command("script.evaluate", **words)
        assert found["type"] == "success", found["exceptionDetails"]["text"]
        return found["result"].get("value")

    def until(self, expression):
        """Wait until an expression is true in the page."""
        end = time.monotonic() + SECONDS
        while not self.evaluate(expression):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.05)

    def press(self, key):
        """Press and release a key, such as `Escape` or `a`."""
        codes = {"Escape": "\ue00c", "ArrowRight": "\ue014"}
        value = codes.get(key, key)
        keys = [{"type": kind, "value": value} for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keyboard", "actions": keys})

    def click(self, selector):
        """Click in the middle of a selector's first element, scrolled into view."""
        x, y = self.evaluate(
            f"""(async () => {{
              const one = document.querySelector({json.dumps(selector)});
              // What comes into view on the way may move it.
              for (let i = 0; i < 3; i += 1) {{
                one.scrollIntoView({{ block: "center", behavior: "instant" }});
                await new Promise(requestAnimationFrame);
              }}
              const r = one.getBoundingClientRect();
              return [r.x + r.width / 2, r.y + r.height / 2].map(Math.round).join();
            }})()"""
        ).split(",")
        moves = [{"type": "pointerMove", "x": int(x), "y": int(y)}]
        moves += [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        self._act({"type": "pointer", "id": "mouse", "actions": moves})

    def _act(self, source):
        self.command("input.performActions", context=self._context, actions=[source])

    def _address(self):
        end = time.monotonic() + SECONDS
        while not (found := ADDRESS.search(self._log.read_text())):
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < end, "the browser does not listen"
            time.sleep(0.05)
        return found[1]

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(SECONDS)

    async def _answer(self, message, number):
        await self._socket.write_message(message)
        while True:
            text = await self._socket.read_message()
            assert text is not None, "the browser went away"
            told = json.loads(text)
            if told.get("method") == "log.entryAdded":
                self.told.append(told["params"]["text"])
            if told.get("id") == number:
                assert told["type"] == "success", told["message"]
                return told["result"]


async def _connected(address):
    # Its loop is the one that runs this.
    return await websocket_connect(address)
