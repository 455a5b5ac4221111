import pytest

from pipeline.dataset import id_set
from pipeline.dataset.id_set import IdSet


def test_ids_are_new_once_and_then_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_set, "_FRESH", 7)
    ids = [f"home-{number:012x}" for number in range(50)]
    seen = IdSet()
    assert all(seen.add(row_id) for row_id in ids)
    assert not any(seen.add(row_id) for row_id in ids)
    assert all(row_id in seen for row_id in ids)
    assert "home-x" not in seen
