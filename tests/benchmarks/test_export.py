from pathlib import Path

import pytest

from benchmarks import export
from benchmarks.export import export_once, make_dataset, read_back


@pytest.fixture(autouse=True)
def _few_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_DIFFERENT_CLIPS", 4)
    monkeypatch.setattr(export, "_GROUP_ROWS", 5)


@pytest.mark.parametrize("layout", ["nemo", "kaldi", "openwakeword"])
def test_what_was_exported_is_read_back(tmp_path: Path, layout: str) -> None:
    if layout == "kaldi":
        pytest.importorskip("kaldi_native_io", reason="it reads Kaldi's tables")
    dataset = make_dataset(tmp_path / "dataset", 12)
    seconds, peak_mib = export_once(dataset, layout, tmp_path / "out")
    assert seconds > 0
    assert 10 < peak_mib < 10_000
    assert read_back(dataset, layout, tmp_path / "out") > 0


def test_a_difference_is_found(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "dataset", 5)
    export_once(dataset, "nemo", tmp_path / "out")
    manifest = tmp_path / "out" / "train_manifest.json"
    manifest.write_text(manifest.read_text().replace('"text": "call', '"text": "ball'))
    with pytest.raises(ValueError, match="nemo is not what was exported"):
        read_back(dataset, "nemo", tmp_path / "out")
