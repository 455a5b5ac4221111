from pathlib import Path

import pytest

from models.config import build
from models.errors import ConfigError, DataError
from models.training.corpus import CorpusConfig, clip_key, is_held_out, read_corpora
from models.training.left_out import LeftOut


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
        (
            "a|hi|hi\ngone|hi|hi\n",
            r"metadata\.csv:2: no sound file: wavs/gone is missing; looked",
        ),
        ("a|hi\n", r"metadata\.csv:1: 2 fields: allowed are id\|speaker"),
        ("a|x|hi|hi|hi\n", r"metadata\.csv:1: 5 fields"),
        ("a|...|...\n", r"metadata\.csv:1: no words in the text: a"),
        ("a||hi|hi\n", r"metadata\.csv:1: no name for a speaker: a has ``; allowed is text"),
        ("a|Smith, John|hi|hi\n", "no name for a speaker: a has `Smith, John`"),
        ("a|mix(a,b,0.5)|hi|hi\n", "no name for a speaker"),
        ("a|anna |hi|hi\n", "no name for a speaker"),
        ("", "no recordings"),
    ],
)
def test_broken_metadata_is_named(tmp_path: Path, metadata: str, message: str) -> None:
    root = _corpus(tmp_path / "c", metadata, "a.wav")
    with pytest.raises(DataError, match=message):
        read_corpora(CorpusConfig(root))


def test_a_missing_folder_is_named_with_its_key(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^corpus\.folders: kathleen: no such folder, .*=\[\]$"):
        read_corpora(CorpusConfig(tmp_path, folders=("kathleen",)))


def test_missing_metadata_and_root_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"metadata\.csv: missing"):
        read_corpora(CorpusConfig(tmp_path))
    with pytest.raises(ConfigError, match=r"corpus\.root: .*--set corpus\.root=DIR"):
        read_corpora(CorpusConfig(tmp_path / "nowhere"))


def test_metadata_in_another_encoding_is_named(tmp_path: Path) -> None:
    root = _corpus(tmp_path / "c", "", "a.wav")
    (root / "metadata.csv").write_bytes("a|für|für\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"metadata\.csv:1: .*not UTF-8"):
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
    output = [clip.phonemes for clip in read_corpora(CorpusConfig(root=tmp_path))]
    assert output == ["^ ˈeɪ | ˈɛ m .", ""]
    twice = row + row.replace("ˈeɪ", "ɐ")
    (tmp_path / "provenance.jsonl").write_text(twice, encoding="utf-8")
    with pytest.raises(DataError, match=r"provenance.jsonl:2: one is listed before, with other"):
        read_corpora(CorpusConfig(root=tmp_path))
    (tmp_path / "provenance.jsonl").write_text('{"id": "one"}\n' + row, encoding="utf-8")
    with pytest.raises(DataError, match=r"provenance.jsonl:1: no row with id and phonemes"):
        read_corpora(CorpusConfig(root=tmp_path))


NOT_USABLE = {
    "listed before": "a|hi|hi",
    "text that English cannot say": "b|Привет|привет",
    "no words in the text": "b|...|",
    "2 fields": "b|hi",
    "no sound file": "gone|hi|hi",
    "no name for a speaker": "b||hi|hi",
}


def test_lines_that_cannot_be_used_are_told_and_the_others_read(tmp_path: Path) -> None:
    lines = ["a|good|good", *NOT_USABLE.values(), "b|fine|fine"]
    root = _corpus(tmp_path / "c", "\n".join(lines), "a.wav", "b.wav")
    left_out = list[LeftOut]()
    recordings = read_corpora(CorpusConfig(root), left_out)
    assert [(clip.id, clip.text) for clip in recordings] == [("a", "good"), ("b", "fine")]
    assert [one.kind for one in left_out] == list(NOT_USABLE)
    metadata = root / "metadata.csv"
    assert [one.location for one in left_out] == [f"{metadata}:{n}" for n in range(2, 8)]
    assert "`п` (cyrillic small letter pe, U+043F)" in str(left_out[1])
    assert recordings[1].location == f"{metadata}:8"


def test_an_id_is_that_of_its_folder(tmp_path: Path) -> None:
    for name in ("x/en", "y/en"):
        _corpus(tmp_path / name, "a|anna|hi|hi\n", "a.wav")
    recordings = read_corpora(CorpusConfig(tmp_path, folders=("x/en", "y/en")))
    assert len({clip_key(clip) for clip in recordings}) == 2
    with pytest.raises(ConfigError, match=r"corpus.folders: x/en and x/\.\./x/en are the same"):
        read_corpora(CorpusConfig(tmp_path, folders=("x/en", "x/../x/en")))


@pytest.mark.parametrize(
    ("metadata", "file", "sound"),
    [
        ("\ufeffa|hi|hi\n", "metadata.csv", "a.wav"),
        ("a|hi|hi\r\n", "metadata.csv", "a.wav"),
        ("a|h\u2028i\x85|hi\u2028\n", "metadata.csv", "a.wav"),
        ("a|hi|hi", "METADATA.CSV", "a.WAV"),
        ("a|hi|hi", "metadata.csv", "a.Flac"),
        ("caf\u00e9|hi|hi", "metadata.csv", "cafe\u0301.wav"),
    ],
)
def test_names_and_lines_are_read_as_people_write_them(
    tmp_path: Path, metadata: str, file: str, sound: str
) -> None:
    (tmp_path / "wavs").mkdir()
    (tmp_path / "wavs" / sound).touch()
    (tmp_path / file).write_bytes(metadata.encode())
    (recording,) = read_corpora(CorpusConfig(tmp_path))
    assert recording.text == "hi"
    assert recording.path.name == sound


def test_text_is_plain(tmp_path: Path) -> None:
    output = "cafe\u0301 \u201cturn\u201d soft\u00adly\u200b \uff48\ufb01"
    root = _corpus(tmp_path / "c", f"a|x|{output}\n", "a.wav")
    assert read_corpora(CorpusConfig(root))[0].text == 'cafe "turn" softly hfi'
