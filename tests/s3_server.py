"""A server on this machine that speaks S3's protocol (moto's), and fails where it is told to."""

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import run_wsgi_app

Fault = Literal["500", "slow", "cut", "denied"]
S3_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "never-to-be-shown",
    "AWS_DEFAULT_REGION": "us-east-1",
}
SLOW_S = 1.0  # more than a test's clients wait for an answer


class FaultyS3:
    """The server: `address`; the requests that `fault_of` names a fault for fail."""

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(
            "127.0.0.1", 0, self, threaded=True, request_handler=_QuietHandler
        )
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self.fault_of: Callable[[str, str], Fault | None] = lambda method, path: None
        self.requests: list[tuple[str, str]] = []
        self.failed: list[Fault] = []

    @contextmanager
    def running(self) -> Iterator["FaultyS3"]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        yield self
        self._server.shutdown()
        thread.join()

    @contextmanager
    def failing(self, fault_of: Callable[[str, str], Fault | None]) -> Iterator[None]:
        """Ask `fault_of(method, path)` about every request while the block runs."""
        before, self.fault_of, self.failed = self.fault_of, fault_of, []
        yield
        self.fault_of = before

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.requests.append((method, path))
        fault = self.fault_of(method, path)
        if fault:
            self.failed.append(fault)
        if fault in ("500", "denied"):
            status, code = ("500", "InternalError") if fault == "500" else ("403", "AccessDenied")
            told = f"<Error><Code>{code}</Code></Error>".encode()
            headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(told)))]
            start_response(f"{status} {code}", headers)
            return [] if method == "HEAD" else [told]
        if fault == "slow":
            time.sleep(SLOW_S)
        if fault == "cut":
            return self._cut(environ, start_response)
        return self._app(environ, start_response)

    def _cut(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        """Half an answer, and then the end of the connection."""
        chunks, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        body = b"".join(chunks)
        start_response(status, list(headers))
        yield body[: len(body) // 2]
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)


class _QuietHandler(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        pass


def every(number: int, *faults: Fault) -> Callable[[str, str], Fault | None]:
    """One request of `number` fails, in turn in one of these ways."""
    turn, kinds = itertools.count(1), itertools.cycle(faults)
    return lambda method, path: next(kinds) if next(turn) % number == 0 else None
