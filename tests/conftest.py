"""What every test needs: few threads, a Prefect that keeps to itself, and tiny voices."""

import os
import tempfile
from pathlib import Path

# Read when torch and Prefect are imported, so before any test is.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="voxloom-prefect-")
os.environ.pop("PREFECT_API_URL", None)

import pytest

from tests.tiny_voices import TinyVoices, save_tiny_voices


@pytest.fixture(scope="session")
def tiny_voices(tmp_path_factory: pytest.TempPathFactory) -> TinyVoices:
    """Checkpoints with random weights: what they say is noise, but real code makes it."""
    return save_tiny_voices(tmp_path_factory.mktemp("voices"))


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the repository."""
    return Path(__file__).resolve().parent.parent
