"""A speech endpoint on this machine, which hums as long as a text is."""

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
import soundfile

KEY = "sk-very-secret-0123456789"
RATE = 24_000


class SpeechServer:
    """`refusals` are statuses that it answers first, one a request; `broken` makes it send text."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.refusals: list[int] = []
        self.broken = False

    def answer(self, request: dict[str, Any]) -> tuple[int, bytes]:
        self.received.append(request)
        if self.refusals:
            return self.refusals.pop(0), b'{"error": {"message": "not now"}}'
        if self.broken:
            return 200, b"<html>no sound</html>"
        samples = int(RATE * 0.08 / request["speed"])
        hertz = [100 + 7 * (ord(sign) % 40) + len(request["voice"]) for sign in request["input"]]
        phase = 2 * np.pi * np.cumsum(np.repeat(hertz, samples)) / RATE
        wave = 0.4 * np.sin(phase) + 0.02 * np.random.default_rng(0).standard_normal(len(phase))
        out = io.BytesIO()
        soundfile.write(out, wave, RATE, format="WAV")
        return 200, out.getvalue()


@contextmanager
def speech_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SpeechServer]:
    """The server that the environment names."""
    server = SpeechServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.keys.append(self.headers["Authorization"])
            status, body = server.answer(request)
            if self.path != "/v1/audio/speech":
                status, body = 404, b"{}"
            self.send_response(status)
            self.send_header("Content-Type", "audio/wav" if status == 200 else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(
        target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{http.server_address[1]}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
