"""Speech corpora in LJSpeech layout: `metadata.csv` beside a folder `wavs/`.

A line of metadata is `id|speaker|text|normalized text`, or LJSpeech's own `id|text|normalized
text`, whose speaker is the folder's name. An id is that of a sound file, so a folder has it once;
another folder may have it, too, also of the same speaker.
"""

import hashlib
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models.config import resolve_path
from models.errors import ConfigError, DataError
from models.folders import files_below
from models.json_files import parse_json
from models.phonology.characters import foreign_letter, plain
from models.phonology.phonemes import words_of
from models.speakers.names import is_speakers_name
from models.text_files import read_lines
from models.training.left_out import LeftOut

PROVENANCE = "provenance.jsonl"  # what a teacher writes beside the metadata
FILE_NAME = "file_name"  # the column by which a table lists sounds, as an audio folder's does
_AUDIO_SUFFIXES = (".wav", ".flac")
_MOST_OF_A_LINE = 1 << 16  # bytes of the first line, which are read to tell a table


@dataclass(frozen=True, slots=True)
class TrimConfig:
    """What counts as silence at a clip's edges: frames this much quieter than the loudest one.

    Frames are samples, one mel hop each where nothing else is said.
    """

    below_loudest_db: float = 38.0
    frame_length: int | None = None
    hop_length: int | None = None
    margin_s: float = 0.08  # of silence that is kept

    def __post_init__(self) -> None:
        if self.below_loudest_db <= 0 or self.margin_s < 0:
            raise ValueError("below_loudest_db: must be above 0, and margin_s not below")
        if min(self.frame_length or 1, self.hop_length or 1) < 1:
            raise ValueError("frame_length: frames and hops are at least 1 sample")


@dataclass(frozen=True, slots=True)
class CorpusConfig:
    """Which recordings a model learns from.

    `held_out` is the share of sentences that no model trains on. A sentence is held out by
    its words, in every corpus and by every speaker, so every training run keeps the same
    ones apart.
    """

    root: Path
    folders: tuple[str, ...] = ()  # below root or anywhere; empty: root itself is a corpus
    held_out: float = 0.05
    min_duration_s: float = 0.4
    max_duration_s: float = 14.0
    trim: TrimConfig = TrimConfig()

    def __post_init__(self) -> None:
        if not 0 <= self.held_out < 1:
            raise ValueError(f"held_out: a share from 0 up to 1, found {self.held_out}")


@dataclass(frozen=True, slots=True)
class Recording:
    """One clip of a corpus: where it is, who speaks, and its text (in spoken form).

    `phonemes` are those that a teacher said, in the speaker's accent; empty where nobody knows.
    `corpus` is its folder as the config names it, empty for the root, and `location` the file and
    line that lists it.
    """

    id: str
    speaker: str
    text: str
    path: Path
    held_out: bool
    phonemes: str = ""
    corpus: str = ""
    location: str = ""


def read_corpora(config: CorpusConfig, left_out: list[LeftOut] | None = None) -> list[Recording]:
    """All recordings of the config's folders.

    Lines that cannot be used are added to `left_out`; without it, the first of them raises
    `DataError` naming file and line, as does a corpus of which nothing is left.
    """
    root = resolve_path(config.root)
    if not root.is_dir():
        raise ConfigError(
            f"corpus.root: {config.root} is no folder; a corpus in LJSpeech layout (metadata.csv "
            "beside wavs/) is needed: voxloom train --set corpus.root=DIR, elsewhere --corpus DIR"
        )
    recordings, problems = list[Recording](), list[LeftOut]()
    for folder, name in _folders(root, config.folders):
        for found in _read_folder(folder, name, config.held_out):
            if isinstance(found, LeftOut):
                problems.append(found)
            else:
                recordings.append(found)
    if problems and (left_out is None or not recordings):
        raise DataError(str(problems[0]))
    if not recordings:
        raise DataError(f"{root}: no recordings listed in metadata.csv")
    if left_out is not None:
        left_out += problems
    return recordings


def is_corpus_metadata(path: Path) -> bool:
    """Whether a file of metadata lists a corpus, in fields between bars; by its first line, which
    of a table of sounds names the column `file_name`. Raises `DataError` where it cannot be read.
    """
    if path.suffix.lower() != ".csv":
        return False
    try:
        with path.open("rb") as file:
            first = file.readline(_MOST_OF_A_LINE).decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    columns = [name.strip(' "\r\n').lower() for name in first.split(",")]
    return "|" in first and FILE_NAME not in columns


def _folders(root: Path, names: tuple[str, ...]) -> list[tuple[Path, str]]:
    """Each folder with its name in the config. Raises `ConfigError` for one that is there twice,
    `DataError` for one that is missing.
    """
    found = dict[Path, tuple[Path, str]]()
    for name in names:
        inside = root / name
        folder = inside if inside.is_dir() else resolve_path(name)
        if not folder.is_dir():
            raise DataError(
                f"corpus.folders: {name}: no such folder, neither in {root} nor elsewhere; where "
                "that is the corpus itself, give corpus.folders=[]"
            )
        real = folder.resolve()
        if real in found:
            raise ConfigError(f"corpus.folders: {found[real][1]} and {name} are the same folder")
        found[real] = folder, name
    return list(found.values()) or [(root, "")]


def _read_folder(folder: Path, corpus: str, held_out: float) -> Iterator[Recording | LeftOut]:
    metadata = _metadata_of(folder)
    spoken = _phonemes_spoken(folder / PROVENANCE)
    sounds = _sounds_of(folder / "wavs")
    first_at = dict[str, int]()
    for number, line in enumerate(read_lines(metadata, "metadata"), start=1):
        if not line.strip():
            continue
        location, fields = f"{metadata}:{number}", line.split("|")
        problem = _problem_of(location, fields, first_at, sounds)
        if problem:
            yield problem
            continue
        id, text = fields[0], plain(fields[-1]) or plain(fields[-2])
        first_at[id] = number
        yield Recording(
            id=id,
            speaker=fields[1] if len(fields) == 4 else folder.resolve().name,
            text=text,
            path=sounds[_composed(id)],
            held_out=is_held_out(text, held_out),
            phonemes=spoken.get(id, ""),
            corpus=corpus,
            location=location,
        )


def _problem_of(
    location: str, fields: list[str], first_at: dict[str, int], sounds: dict[str, Path]
) -> LeftOut | None:
    """Why a line of metadata gives no recording."""
    if len(fields) not in (3, 4):
        return LeftOut(
            location,
            f"{len(fields)} fields",
            "allowed are id|speaker|text|normalized and id|text|normalized",
        )
    id, text = fields[0], plain(fields[-1]) or plain(fields[-2])
    if not words_of(text):
        return LeftOut(location, "no words in the text", id)
    if len(fields) == 4 and not is_speakers_name(fields[1]):
        allowed = "allowed is text without ( ) , and spaces around it"
        return LeftOut(location, "no name for a speaker", f"{id} has `{fields[1]}`; {allowed}")
    if foreign := foreign_letter(text):
        return LeftOut(location, "text that English cannot say", f"{id} has {foreign}")
    if id in first_at:
        return LeftOut(location, "listed before", f"{id} is that of line {first_at[id]}")
    if _composed(id) not in sounds:
        looked = ", ".join(_AUDIO_SUFFIXES)
        return LeftOut(location, "no sound file", f"wavs/{id} is missing; looked for {looked}")
    return None


def _metadata_of(folder: Path) -> Path:
    """`metadata.csv`, however its letters are written."""
    if folder.is_dir():
        for path in sorted(folder.iterdir(), reverse=True):  # small letters first
            if path.name.lower() == "metadata.csv" and path.is_file():
                return path
    raise DataError(f"{folder / 'metadata.csv'}: missing; a corpus has metadata.csv beside wavs/")


def _sounds_of(folder: Path) -> dict[str, Path]:
    """The sound files below a folder by what an id says of them: their path without a suffix."""
    found = dict[str, Path]()
    paths = list(files_below(folder)) if folder.is_dir() else []
    for suffix in _AUDIO_SUFFIXES:
        for path in paths:
            if path.suffix.lower() == suffix:
                name = path.relative_to(folder).with_suffix("").as_posix()
                found.setdefault(_composed(name), path)
    return found


def _composed(name: str) -> str:
    """File systems keep accented letters in one or in two characters, lists often the other way."""
    return unicodedata.normalize("NFC", name)


def _phonemes_spoken(provenance: Path) -> dict[str, str]:
    """By clip, from the rows of a teacher, which may be writing another one just now."""
    if not provenance.is_file():
        return {}
    spoken = dict[str, str]()
    lines = read_lines(provenance, "provenance")
    for number, line in enumerate(lines, start=1):
        try:
            row = parse_json(line)
            id, phonemes = str(row["id"]), str(row["phonemes"])
        except (ValueError, KeyError, TypeError):
            if number < len(lines):
                raise DataError(f"{provenance}:{number}: no row with id and phonemes") from None
            continue
        if spoken.setdefault(id, phonemes) != phonemes:
            raise DataError(f"{provenance}:{number}: {id} is listed before, with other phonemes")
    return spoken


def clip_key(clip: "Listed") -> str:
    """What tells a clip from all others of a training run."""
    return f"{clip.corpus}|{clip.speaker}|{clip.id}"


class Listed(Protocol):
    """A recording, or the clip that was made of it."""

    @property
    def id(self) -> str: ...
    @property
    def speaker(self) -> str: ...
    @property
    def corpus(self) -> str: ...


def is_held_out(text: str, share: float) -> bool:
    """Whether the sentence with these words belongs to the share kept from training."""
    return _draw(text) < share * 2**32


def next_held_out(texts: Collection[str]) -> str:
    """The words of that sentence of `texts` which a larger share would hold out first; empty where
    there is no second one to train on.
    """
    sentences = {" ".join(words_of(text)) for text in texts}
    return min(sentences, key=_draw) if len(sentences) > 1 else ""


def _draw(text: str) -> int:
    digest = hashlib.blake2b(" ".join(words_of(text)).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little")
