"""What a run shows of its dataset, wherever that lies."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows import artifacts
from models.object_store import RemotePath
from pipeline.records import Reject
from pipeline.storage.versions import publish_version
from tests.s3_server import FaultyS3


def test_every_reject_is_counted_also_marked_ones() -> None:
    rejects = [Reject("a", "judge", "mumbled", "t", "s"), Reject("b", "marks", "noisy", "t", "s")]
    table = {line["stage"]: line for line in artifacts.stage_table(10, rejects)}
    assert list(table)[-1] == "marks"
    assert (table["marks"]["rows"], table["marks"]["rejected"]) == (10, 1)
    assert (table["judge"]["rows"], table["judge"]["rejected"]) == (11, 1)
    assert table["frontend"]["rows"] == 12
    assert "marks" not in {line["stage"] for line in artifacts.stage_table(10, rejects[:1])}


def test_a_dataset_in_a_store_is_shown_as_one_here(
    s3: FaultyS3, sealed_tones: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(artifacts, "has_server", lambda: True)
    for create in ("create_table_artifact", "create_markdown_artifact"):
        monkeypatch.setattr(artifacts, create, lambda content, **_: shown.append(content))
    place = RemotePath("s3://bucket/tones")
    publish_version(sealed_tones(60), place)
    artifacts.show_dataset(place)
    artifacts.show_dataset(sealed_tones(60))
    table, summary, local_table, local_summary = shown
    assert table == local_table
    assert f"`{place}/versions/" in summary
    assert summary.splitlines()[:8] == local_summary.splitlines()[:8]
    data = [path for method, path in s3.requests if method == "GET" and "/data/" in path]
    assert not data, "its clips were fetched"
