"""Kaldi's tables, sorted by id however many runs and pieces they come in."""

from itertools import chain
from pathlib import Path

import pytest

from pipeline.export import sorted_tables
from pipeline.export.clips import Clip
from pipeline.export.pieces import Piece
from pipeline.export.sorted_tables import merge_runs, write_runs, write_spk2utt


def lines_of(clip: Clip) -> dict[str, list[str]]:
    return {"text": [f"{clip.id} says"], "ctm": [f"{clip.id} 1"] * 2}


def pieces_of(out: Path, ids: list[list[str]]) -> list[Piece]:
    pieces = []
    for number, own in enumerate(ids):
        piece = Piece(out, "train", number, out / "source", "", range(0))
        piece.scratch.mkdir(parents=True)
        clips = [Clip({"id": id, "transcript": id}, b"", ".flac") for id in own]
        write_runs(piece, clips, lines_of)
        pieces.append(piece)
    return pieces


@pytest.mark.parametrize("files_at_once", [2, 200])
def test_runs_are_merged_in_the_order_of_the_c_locale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files_at_once: int
) -> None:
    monkeypatch.setattr(sorted_tables, "_CLIPS_A_RUN", 2)
    monkeypatch.setattr(sorted_tables, "_FILES_AT_ONCE", files_at_once)
    ids = [["b-2", "a", "é", "B"], ["a-1", "b", "ab"], ["z"], ["_"], ["0"]]
    pieces = pieces_of(tmp_path, ids)
    for name, line in (("text", "{} says\n"), ("ctm", "{0} 1\n{0} 1\n")):
        merge_runs(pieces, name, tmp_path / "train" / name)
        expected = sorted(chain.from_iterable(ids), key=lambda id: id.encode())
        assert (tmp_path / "train" / name).read_text() == "".join(map(line.format, expected))


def test_a_line_a_speaker_has_its_utterances(tmp_path: Path) -> None:
    (tmp_path / "utt2spk").write_text("anna-1 anna\nanna-2 anna\nben-1 ben\n")
    write_spk2utt(tmp_path / "utt2spk", tmp_path / "spk2utt", tmp_path / "unfinished")
    assert (tmp_path / "spk2utt").read_text() == "anna anna-1 anna-2\nben ben-1\n"
    assert not (tmp_path / "unfinished").exists()
