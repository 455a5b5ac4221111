"""The browse page on a port of this machine."""

import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from models.errors import DataError
from pipeline.browse.server import LOOPBACK, browse_app


def serve(
    dataset: Path,
    marks: Path,
    host: str,
    port: int,
    ready: Callable[[str, bool], None],
    names: Sequence[str] = (),
) -> None:
    """Serve until interrupted; calls `ready` with the page's address and whether only this
    machine reaches it. Port 0 takes a free one. `names` are further ones of this machine.

    Raises `DataError` when the dataset is damaged, or the address is taken or not this machine's.
    """
    import uvicorn

    app = browse_app(dataset, marks, host, names)
    with _listening(host, port) as listener:
        taken = listener.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{taken}/", host in LOOPBACK)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False))
        server.run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{host}, port {port}: cannot be served on ({reason})") from None
