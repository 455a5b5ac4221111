import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile

from models.errors import ConfigError, DataError
from models.training.corpus import CorpusConfig, read_corpora
from models.training.public_corpora.catalogue import CORPORA, PublicCorpus, find_corpus
from models.training.public_corpora.get import get_corpus, unpack
from tests.models.training.public_corpora.archives import (
    AN4,
    LIBRISPEECH,
    LJSPEECH,
    SPEECH_COMMANDS,
    SPEECHOCEAN,
    VCTK,
    Server,
    pack,
    serving,
)

FILES = {
    "ljspeech": LJSPEECH,
    "train-clean-5": LIBRISPEECH,
    "vctk": VCTK,
    "an4": AN4,
    "speech-commands": SPEECH_COMMANDS,
}


def _served(name: str, files: dict[str, bytes], server: Server, tmp_path: Path) -> PublicCorpus:
    """The corpus `name` of the catalogue with an archive of `files` from our own server."""
    file = CORPORA[name].url.rpartition("/")[2]
    content = pack(files, tmp_path / file).read_bytes()
    server.files[file] = content
    digest = hashlib.sha256(content).hexdigest()
    return replace(CORPORA[name], url=f"{server.url}/{file}", hash=f"sha256:{digest}")


@pytest.mark.parametrize(
    ("name", "clips"),
    [
        (
            "ljspeech",
            [
                ("LJ001-0001", "ljspeech", "In fourteen sixty-five, printing"),
                ("LJ001-0002", "ljspeech", "was new."),
            ],
        ),
        ("train-clean-5", [("118-47824-0000", "libri-118", "he said")]),
        ("vctk", [("p225_001", "vctk-p225", "Please call Stella.")]),
        (
            "an4",
            [
                ("an4_train_an251-fash-b", "an4-fash", "yes"),
                ("an4_test_cen8-mmxg-b", "an4-mmxg", "a b c"),
            ],
        ),
        (
            "speech-commands",
            [
                ("go-0ea0e2f4-0", "commands-0ea0e2f4", "go"),
                ("yes-0ea0e2f4-0", "commands-0ea0e2f4", "yes"),
                ("yes-0ea0e2f4-2", "commands-0ea0e2f4", "yes"),
            ],
        ),
    ],
)
def test_a_public_corpus_becomes_one_of_ours(
    tmp_path: Path, name: str, clips: list[tuple[str, str, str]]
) -> None:
    with serving(Server()) as server:
        corpus = _served(name, FILES[name], server, tmp_path)
        folder = get_corpus(corpus, tmp_path / "corpora")
    recordings = read_corpora(CorpusConfig(root=folder))
    assert [(clip.id, clip.speaker, clip.text) for clip in recordings] == clips
    assert all(soundfile.info(clip.path).duration == pytest.approx(0.5) for clip in recordings)
    assert corpus.licence in (folder / "SOURCE.md").read_text()
    assert [path.name for path in (tmp_path / "corpora").iterdir()] == [name]


def _unpacked(files: dict[str, bytes], tmp_path: Path) -> Path:
    unpack(pack(files, tmp_path / "a.tar.gz"), tmp_path / "clone")
    return tmp_path / "clone"


def test_a_folder_stands_for_the_archive_and_stays_whole(tmp_path: Path) -> None:
    clone = _unpacked(SPEECHOCEAN, tmp_path)
    corpus = CORPORA["speechocean762"]
    folder = get_corpus(corpus, tmp_path / "corpora", unpacked=clone)
    recordings = read_corpora(CorpusConfig(root=folder))
    assert [(clip.speaker, clip.text) for clip in recordings] == [
        ("speechocean-0001", "we call it bear"),
        ("speechocean-0003", "we call it bear"),
    ]
    assert len(list(clone.rglob("*.WAV"))) == 2
    assert "CC BY 4.0" in (folder / "SOURCE.md").read_text()


def test_lists_that_do_not_fit_are_named(tmp_path: Path) -> None:
    files = SPEECHOCEAN | {"speechocean762/train/utt2spk": b"000010012\t0001\n"}
    with pytest.raises(DataError, match=r"train: 000010011 stands in text, not in utt2spk"):
        get_corpus(CORPORA["speechocean762"], tmp_path / "c", unpacked=_unpacked(files, tmp_path))
    assert not (tmp_path / "c" / "speechocean762").exists()


def test_a_corpus_without_a_hash_says_how_it_is_had(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"git clone https://github.com/.*--from"):
        get_corpus(CORPORA["speechocean762"], tmp_path)


def test_a_corpus_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "an4").mkdir()
    (tmp_path / "an4" / "metadata.csv").touch()
    assert get_corpus(CORPORA["an4"], tmp_path) == tmp_path / "an4"


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "an4").mkdir()
    with pytest.raises(DataError, match=r"an4: is there, without metadata.csv"):
        get_corpus(CORPORA["an4"], tmp_path)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"readme": b""}, "metadata.csv is missing; the archive holds another corpus"),
        (
            {name: content for name, content in LJSPEECH.items() if "0002.wav" not in name},
            "LJ001-0002: the archive lacks LJ001-0002.wav",
        ),
    ],
)
def test_an_archive_without_its_files_is_named_and_leaves_no_folder(
    tmp_path: Path, files: dict[str, bytes], message: str
) -> None:
    with serving(Server()) as server:
        corpus = _served("ljspeech", files, server, tmp_path)
        with pytest.raises(DataError, match=message):
            get_corpus(corpus, tmp_path / "corpora")
    assert not (tmp_path / "corpora" / "ljspeech").exists()


def test_names_that_lead_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    archive = pack({"../evil.txt": b"x"}, tmp_path / "evil.tar.gz")
    with pytest.raises(DataError, match=r"evil.tar.gz: cannot be unpacked"):
        unpack(archive, tmp_path / "inside" / "deep")
    assert not (tmp_path / "inside" / "evil.txt").exists()


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"a.tar.gz: cannot be unpacked"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "a")


def test_an_unknown_corpus_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match="corpus timit: unknown; allowed: ljspeech, train-clean"):
        find_corpus("timit")
