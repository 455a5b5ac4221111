"""A chat endpoint on this machine, which answers what a test tells it to."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

KEY = "sk-very-secret-0123456789"
WORDS = ("river", "window", "yellow", "seven", "garden", "paper", "quiet", "mountain", "copper")


@dataclass(frozen=True)
class Answer:
    """What goes over the wire; `wait_s` before it does, `drip_s` between its bytes.

    The connection ends, or with `hangs` it does not, when `missing` bytes have yet to come.
    """

    body: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    drip_s: float = 0.0
    missing: int = 0
    hangs: bool = False


@dataclass
class Received:
    """A request as it came in."""

    body: dict[str, Any]
    authorization: str
    path: str


Answering = Callable[[int, Received], Answer]


def completion(
    content: str, tokens: tuple[int, int] | None = (100, 50), finish_reason: str = "stop"
) -> Answer:
    """A chat completion; `tokens` read and written, or None for an endpoint that counts none."""
    body: dict[str, Any] = {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 0,
        "model": "tiny-2026-01-01",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish_reason,
                "message": {"role": "assistant", "content": content},
            }
        ],
    }
    if tokens is not None:
        read, written = tokens
        body["usage"] = {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
        }
    return Answer(json.dumps(body))


def sentences(items: Sequence[Any], **options: Any) -> Answer:
    """A completion that holds sentences; a string stands for one without slots."""
    listed = [
        {"text": item, "intent": "greet", "slots": []} if isinstance(item, str) else item
        for item in items
    ]
    return completion(json.dumps({"sentences": listed}), **options)


def refusal(status: int, message: str, code: str | None = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps({"error": {"message": message, "type": "error", "code": code}})
    return Answer(body, status, named)


class ChatServer:
    """`answering(number, request)` decides; requests are numbered from 0 as they come in."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.received: list[Received] = []
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @contextmanager
    def running(self) -> Iterator["ChatServer"]:
        thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        thread.start()
        try:
            yield self
        finally:
            self.over.set()
            self._http.shutdown()
            self._http.server_close()

    def _number(self, request: Received) -> int:
        with self._lock:
            self.received.append(request)
            return len(self.received) - 1

    def _handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                request = Received(
                    json.loads(self.rfile.read(size)), self.headers["Authorization"], self.path
                )
                answer = server.answering(server._number(request), request)
                if answer.wait_s:
                    server.over.wait(answer.wait_s)
                self._send(answer)

            def _send(self, answer: Answer) -> None:
                body = answer.body.encode()
                try:
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body) + answer.missing))
                    self.end_headers()
                    for part in [bytes([byte]) for byte in body] if answer.drip_s else [body]:
                        self.wfile.write(part)
                        server.over.wait(answer.drip_s)
                    if answer.hangs:
                        server.over.wait(10)
                except OSError:  # whoever asked has not waited
                    pass

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, answering: Answering) -> Iterator[ChatServer]:
    """The server that the environment names."""
    server = ChatServer(answering)
    with server.running():
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield server


def inventing(_: int, request: Received) -> Answer:
    """Three sentences that hang on the request alone, as a model at temperature 0 would."""
    prompt = request.body["messages"][1]["content"]
    intent = "greet" if "greet" in prompt else "pay"
    items = []
    for index in range(3):
        digest = hashlib.blake2b(f"{prompt}{index}".encode(), digest_size=5).digest()
        text = " ".join(WORDS[byte // 32] + WORDS[byte % 8] for byte in digest)
        items.append({"text": f"{text}.", "intent": intent, "slots": []})
    return sentences(items)
