from pathlib import Path

import pytest

from models.config import build
from models.errors import ConfigError, DataError
from models.training.corpus import CorpusConfig, is_held_out, read_corpora


def _corpus(folder: Path, metadata: str, *clips: str) -> Path:
    (folder / "wavs").mkdir(parents=True)
    for clip in clips:
        (folder / "wavs" / clip).touch()
    (folder / "metadata.csv").write_text(metadata, encoding="utf-8")
    return folder


def test_four_columns_name_the_speaker(tmp_path: Path) -> None:
    metadata = "a1|anna|Room 5.|room five\n\nb1|ben|Hello.|\n"
    root = _corpus(tmp_path / "both", metadata, "a1.wav", "b1.flac")
    anna, ben = read_corpora(CorpusConfig(root))
    assert (anna.id, anna.speaker, anna.text) == ("a1", "anna", "room five")
    assert (ben.speaker, ben.text, ben.path) == ("ben", "Hello.", root / "wavs/b1.flac")


def test_three_columns_take_the_folders_name(tmp_path: Path) -> None:
    _corpus(tmp_path / "linda", "LJ1|Room 5.|room five\n", "LJ1.wav")
    (recording,) = read_corpora(CorpusConfig(tmp_path, folders=("linda",)))
    assert (recording.speaker, recording.text) == ("linda", "room five")


def test_folders_may_lie_below_the_root_or_elsewhere(tmp_path: Path) -> None:
    _corpus(tmp_path / "root/anna", "a|hi|hi\n", "a.wav")
    elsewhere = _corpus(tmp_path / "ben", "b|hi|hi\n", "b.wav")
    config = CorpusConfig(tmp_path / "root", folders=("anna", str(elsewhere)))
    assert [recording.speaker for recording in read_corpora(config)] == ["anna", "ben"]


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("a|hi|hi\ngone|hi|hi\n", r"metadata\.csv:2: wavs/gone is missing; looked for \.wav"),
        ("a|hi\n", r"metadata\.csv:1: 2 fields; allowed are id\|speaker"),
        ("a|x|hi|hi|hi\n", r"metadata\.csv:1: 5 fields"),
        ("a|...|...\n", r"metadata\.csv:1: a has no words"),
        ("", "no recordings"),
    ],
)
def test_broken_metadata_is_named(tmp_path: Path, metadata: str, message: str) -> None:
    root = _corpus(tmp_path / "c", metadata, "a.wav")
    with pytest.raises(DataError, match=message):
        read_corpora(CorpusConfig(root))


def test_missing_metadata_and_root_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"metadata\.csv: missing"):
        read_corpora(CorpusConfig(tmp_path))
    with pytest.raises(ConfigError, match=r"corpus\.root: .*--set corpus\.root=DIR"):
        read_corpora(CorpusConfig(tmp_path / "nowhere"))


def test_metadata_in_another_encoding_is_named(tmp_path: Path) -> None:
    root = _corpus(tmp_path / "c", "", "a.wav")
    (root / "metadata.csv").write_bytes("a|für|für\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"metadata\.csv: not UTF-8"):
        read_corpora(CorpusConfig(root))


def test_a_sentence_is_held_out_by_its_words(tmp_path: Path) -> None:
    texts = [f"Sentence number {number}, please" for number in range(400)]
    held = [is_held_out(text, 0.1) for text in texts]
    assert 20 <= sum(held) <= 60
    plainer = [text.lower().replace(",", "") + "!" for text in texts]
    assert [is_held_out(text, 0.1) for text in plainer] == held
    more = [is_held_out(text, 0.3) for text in texts]
    assert all(larger for smaller, larger in zip(held, more, strict=True) if smaller)
    assert not any(is_held_out(text, 0.0) for text in texts)


def test_all_speakers_keep_the_same_sentences_apart(tmp_path: Path) -> None:
    lines = [f"{who}{n}|{who}|x|sentence {n}" for who in ("anna", "ben") for n in range(60)]
    clips = [f"{line.partition('|')[0]}.wav" for line in lines]
    root = _corpus(tmp_path / "c", "\n".join(lines), *clips)
    recordings = read_corpora(CorpusConfig(root, held_out=0.2))
    anna, ben = recordings[:60], recordings[60:]
    assert [r.held_out for r in anna] == [r.held_out for r in ben]
    assert any(r.held_out for r in anna)


def test_held_out_must_be_a_share() -> None:
    with pytest.raises(ConfigError, match="held_out: a share"):
        build(CorpusConfig, {"root": "x", "held_out": 1.0}, "train.yaml")


def test_phonemes_that_a_teacher_said_are_taken(tmp_path: Path) -> None:
    (tmp_path / "wavs").mkdir()
    for name in ("one", "two"):
        (tmp_path / "wavs" / f"{name}.flac").touch()
    (tmp_path / "metadata.csv").write_text("one|ann|A M|A M\ntwo|ann|Two|Two\n")
    row = '{"id": "one", "phonemes": "^ ˈeɪ | ˈɛ m ."}\n'
    (tmp_path / "provenance.jsonl").write_text(row + '{"id": "tw', encoding="utf-8")
    said = [clip.phonemes for clip in read_corpora(CorpusConfig(root=tmp_path))]
    assert said == ["^ ˈeɪ | ˈɛ m .", ""]
    (tmp_path / "provenance.jsonl").write_text('{"id": "one"}\n' + row, encoding="utf-8")
    with pytest.raises(DataError, match=r"provenance.jsonl:1: no row with id and phonemes"):
        read_corpora(CorpusConfig(root=tmp_path))
