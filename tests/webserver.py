"""A web server on this machine that answers as a test wants: well, badly or late."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass(frozen=True)
class Answer:
    """One answer: `missing` bytes are promised but not sent; `slow`: never ended.

    `dribble`: so many bytes every 50 ms, the last one never.
    """

    body: bytes = b""
    status: int = 200
    missing: int = 0
    slow: bool = False
    dribble: int = 0


class Server:
    """Answers each path with its answers in turn, the last one again and again."""

    Answer = Answer

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: dict[str, int] = defaultdict(int)
        self.ended = threading.Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"

    def serve(self, path: str, *answers: Answer | bytes) -> str:
        """Set the answers of a path and return its URL."""
        self.answers[path] = [
            Answer(answer) if isinstance(answer, bytes) else answer
            for answer in answers
        ]
        return self.url + path

    def next_answer(self, path: str) -> Answer:
        answers = self.answers.get(path, [Answer(status=404)])
        answer = answers[min(self.asked[path], len(answers) - 1)]
        self.asked[path] += 1
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = server.next_answer(self.path)
                self.send_response(answer.status)
                length = len(answer.body) + answer.missing
                self.send_header("Content-Length", f"{length}")
                self.end_headers()
                if answer.dribble:
                    self.dribble(answer)
                else:
                    self.wfile.write(answer.body)
                    self.wfile.flush()
                if answer.slow:
                    server.ended.wait(20)

            def dribble(self, answer: Answer) -> None:
                for start in range(0, len(answer.body) - 1, answer.dribble):
                    if server.ended.wait(0.05):
                        return
                    try:
                        self.wfile.write(answer.body[start : start + answer.dribble])
                    except ConnectionError:
                        return
                server.ended.wait(20)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.ended.set()
    server.http.shutdown()
    server.http.server_close()
    thread.join()


@pytest.fixture
def closed_port(server: Server) -> str:
    """The address of a server that has gone."""
    gone = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    port = gone.server_port
    gone.server_close()
    return f"http://127.0.0.1:{port}"
