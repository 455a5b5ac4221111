"""One temporary Prefect server for all tests of this folder that ask a real one, and its log."""

import logging
import socket
from collections.abc import Iterator

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.logging.configuration import setup_logging
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_LOGGING_TO_API_ENABLED,
    temporary_settings,
)

from flows import serving


@pytest.fixture(scope="package")  # its services take time of the other tests while it lives
def server_url() -> Iterator[str]:
    """The address of a server that lives as long as the tests of this folder."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/api"
    running = serving.start_server(port, address)
    yield address
    running.terminate()
    running.wait()


@pytest.fixture
def server(server_url: str) -> Iterator[SyncPrefectClient]:
    """A client of the server that flows, called in this process meanwhile, tell of their runs."""
    settings = {PREFECT_API_URL: server_url, PREFECT_LOGGING_TO_API_ENABLED: True}
    with temporary_settings(settings), get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def command_log() -> Iterator[None]:
    """Prefect's log may be set up by commands that are run in this process; then it is put back."""
    with pytest.MonkeyPatch.context() as patch:
        for name in (
            "PREFECT_LOGGING_LEVEL",
            "PREFECT_INTERNAL_LOGGING_LEVEL",
            "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL",
        ):
            patch.setenv(name, "WARNING")
        patch.setattr(logging, "raiseExceptions", True)
        yield
    setup_logging(incremental=False)
