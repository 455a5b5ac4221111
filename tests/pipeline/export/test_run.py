import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models.errors import ConfigError, DataError
from pipeline.dataset.files import data_files
from pipeline.export import run, sorted_tables, state
from pipeline.export.clips import Clip
from pipeline.export.pieces import STATE, Piece
from pipeline.export.run import LAYOUTS, Exported, ExportRequest, export_dataset
from tests.pipeline.export.conftest import NUM_ROWS
from tests.pipeline.synthetic_build import seal_tones


def _files(out: Path) -> dict[str, str]:
    """Every file of an export with its digest, hidden ones included."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


class _Killed(BaseException):
    """Stands for kill -9: nothing is tidied up by those who catch errors."""


def _die_in(monkeypatch: pytest.MonkeyPatch, name: str, clips: int) -> None:
    """Let the piece called `name` die after so many clips."""
    read = run.read_clips

    def dying(path: Path) -> Iterator[Clip]:
        for number, clip in enumerate(read(path)):
            if path.name.startswith(name) and number == clips:
                raise _Killed
            yield clip

    monkeypatch.setattr(run, "read_clips", dying)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_killed_export_goes_on_and_ends_as_one_that_was_not(
    dataset: Path, tmp_path: Path, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ExportRequest(dataset, layout, tmp_path / "out")
    export_dataset(request)
    whole = _files(request.out)
    shutil.rmtree(request.out)

    with monkeypatch.context() as patch:
        _die_in(patch, "validation-00000", clips=1)
        with pytest.raises(_Killed):
            export_dataset(request)
    told: list[tuple[int, int]] = []
    exported = export_dataset(request, lambda done, of: told.append((done, of)))
    count = len(data_files(dataset))
    assert told[0] == (count - 2, count), "what was written is not written again"
    assert told[-1] == (count, count)
    assert not exported.was_there
    assert _files(request.out) == whole


def test_a_kill_while_the_shared_files_are_written_is_made_good(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ExportRequest(dataset, "kaldi", tmp_path / "out")
    with monkeypatch.context() as patch:

        def dying(*_: object) -> None:
            raise _Killed

        patch.setattr("pipeline.export.kaldi.write_spk2utt", dying)
        with pytest.raises(_Killed):
            export_dataset(request)
    assert sum(export_dataset(request).clips.values()) == NUM_ROWS
    assert (request.out / "train" / "spk2utt").exists()


def test_the_same_export_again_changes_nothing(dataset: Path, tmp_path: Path) -> None:
    request = ExportRequest(dataset, "nemo", tmp_path / "out")
    first = export_dataset(request)
    before = {path: path.stat().st_mtime_ns for path in request.out.rglob("*") if path.is_file()}
    again = export_dataset(request)
    assert again == Exported(first.clips, was_there=True)
    assert before == {path: path.stat().st_mtime_ns for path in before}
    assert not [path for path in (request.out / STATE).iterdir() if path.is_dir()]


def test_processes_write_what_one_writes(dataset: Path, tmp_path: Path) -> None:
    for workers in (1, 2):
        export_dataset(ExportRequest(dataset, "webdataset", tmp_path / str(workers), (), workers))
    assert _files(tmp_path / "1") == _files(tmp_path / "2")


def test_only_the_splits_asked_for(dataset: Path, tmp_path: Path) -> None:
    request = ExportRequest(dataset, "nemo", tmp_path / "out", ("test", "validation"))
    assert set(export_dataset(request).clips) == {"test", "validation"}
    names = sorted(path.name for path in request.out.glob("*.json"))
    assert names == ["test_manifest.json", "validation_manifest.json"]


def test_tables_merge_in_rounds_where_runs_are_many(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    export_dataset(ExportRequest(dataset, "kaldi", out))
    whole = _files(out)
    shutil.rmtree(out)
    monkeypatch.setattr(sorted_tables, "_CLIPS_A_RUN", 2)
    monkeypatch.setattr(sorted_tables, "_FILES_AT_ONCE", 3)
    export_dataset(ExportRequest(dataset, "kaldi", out))
    assert _files(out) == whole


def test_an_unknown_format_is_told_with_the_known_ones(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--to: parquet is no known format; allowed: nemo, "):
        export_dataset(ExportRequest(dataset, "parquet", tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_what_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a Voxloom dataset"):
        export_dataset(ExportRequest(tmp_path, "nemo", tmp_path / "out"))


def test_a_folder_that_holds_something_else(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(DataError, match=r"is not empty \(letters.txt\); choose another folder"):
        export_dataset(ExportRequest(dataset, "nemo", tmp_path))
    with pytest.raises(DataError, match="is a file; a folder is needed"):
        export_dataset(ExportRequest(dataset, "nemo", tmp_path / "letters.txt"))
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_a_folder_that_holds_another_export(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_dataset(ExportRequest(dataset, "nemo", out, ("test",)))
    with pytest.raises(DataError, match="holds an export whose format is nemo, not kaldi"):
        export_dataset(ExportRequest(dataset, "kaldi", out, ("test",)))
    with pytest.raises(DataError, match="whose splits is test, not train, validation, test"):
        export_dataset(ExportRequest(dataset, "nemo", out))
    other = seal_tones(tmp_path / "other", 12, name="other")
    with pytest.raises(DataError, match=r"whose dataset is tones \(data .*, not other \(data "):
        export_dataset(ExportRequest(other, "nemo", out, ("test",)))


def test_two_exports_into_one_folder_at_once(dataset: Path, tmp_path: Path) -> None:
    request = ExportRequest(dataset, "nemo", tmp_path / "out")
    wanted = {"format": "nemo"}
    with (
        state.held(request.out, wanted),
        pytest.raises(DataError, match="another export is writing here now"),
        state.held(request.out, wanted),
    ):
        pass


def test_a_split_without_rows(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--split dev: no rows; splits with rows: train, val"):
        export_dataset(ExportRequest(dataset, "nemo", tmp_path / "out", ("train", "dev")))


def test_a_damaged_data_file_is_named(dataset: Path, tmp_path: Path) -> None:
    copy = tmp_path / "dataset"
    shutil.copytree(dataset, copy)
    source = data_files(copy)[-1]
    content = bytearray(source.read_bytes())
    content[len(content) // 2] ^= 1
    source.write_bytes(content)
    with pytest.raises(DataError, match=rf"{source.name}: expected SHA-256 .* damaged"):
        export_dataset(ExportRequest(copy, "nemo", tmp_path / "out"))


def test_sound_that_cannot_be_decoded_is_told_with_its_row(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = run.read_clips

    def spoilt(path: Path) -> Iterator[Clip]:
        yield from (Clip(clip.row, b"noise", clip.suffix) for clip in read(path))

    monkeypatch.setattr(run, "read_clips", spoilt)
    with pytest.raises(DataError, match=r"train-00000-of-\d+.parquet: row home-\w+: .*not a sound"):
        export_dataset(ExportRequest(dataset, "kaldi", tmp_path / "out"))


def test_a_data_file_that_the_build_does_not_list(dataset: Path, tmp_path: Path) -> None:
    copy = tmp_path / "dataset"
    shutil.copytree(dataset, copy)
    build = json.loads((copy / "build.json").read_text())
    del build["files"]["data/test-00000-of-00001.parquet"]
    (copy / "build.json").write_text(json.dumps(build))
    with pytest.raises(DataError, match=r"test-00000-of-00001.parquet: not listed in build.json"):
        export_dataset(ExportRequest(copy, "nemo", tmp_path / "out"))


def test_openwakeword_needs_negatives(tmp_path: Path, sealed_tones: Callable[[int], Path]) -> None:
    tones = sealed_tones(12)
    with pytest.raises(DataError, match=r"no negative clip to test on; openwakeword needs both"):
        export_dataset(ExportRequest(tones, "openwakeword", tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_piece_is_written_again_when_its_data_file_changed(dataset: Path, tmp_path: Path) -> None:
    piece = Piece(tmp_path, "train", 0, data_files(dataset)[0], "a" * 64, range(1))
    state.mark(piece, 5, 0.1)
    assert state.is_marked(piece)
    other = Piece(tmp_path, "train", 0, piece.source, "b" * 64, range(1))
    assert not state.is_marked(other)
