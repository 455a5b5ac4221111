"""Speech corpora in LJSpeech layout: `metadata.csv` beside a folder `wavs/`.

A line of metadata is `id|speaker|text|normalized text`, or LJSpeech's own `id|text|normalized
text`, whose speaker is the folder's name.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from models.config import resolve_path
from models.errors import ConfigError, DataError
from models.phonology.phonemes import words_of

PROVENANCE = "provenance.jsonl"  # what a teacher writes beside the metadata
_AUDIO_SUFFIXES = (".wav", ".flac")


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
    """One clip of a corpus: where it is, who speaks, and what is said (in spoken form).

    `phonemes` are those that a teacher said, in the speaker's accent; empty where nobody knows.
    """

    id: str
    speaker: str
    text: str
    path: Path
    held_out: bool
    phonemes: str = ""


def read_corpora(config: CorpusConfig) -> list[Recording]:
    """All recordings of the config's folders. Raises `DataError` naming file and line."""
    root = resolve_path(config.root)
    if not root.is_dir():
        raise ConfigError(
            f"corpus.root: {config.root} is no folder; a corpus in LJSpeech layout (metadata.csv "
            "beside wavs/) is needed: voxloom train --set corpus.root=DIR, elsewhere --corpus DIR"
        )
    folders = [_folder(root, name) for name in config.folders] or [root]
    recordings = [clip for folder in folders for clip in _read_folder(folder, config.held_out)]
    if not recordings:
        raise DataError(f"{root}: no recordings listed in metadata.csv")
    return recordings


def _folder(root: Path, name: str) -> Path:
    inside = root / name
    return inside if inside.is_dir() else resolve_path(name)


def _read_folder(folder: Path, held_out: float) -> Iterator[Recording]:
    metadata = folder / "metadata.csv"
    if not metadata.is_file():
        raise DataError(f"{metadata}: missing; a corpus has metadata.csv beside wavs/")
    said = _phonemes_said(folder / PROVENANCE)
    for number, line in enumerate(_lines(metadata), start=1):
        if not line.strip():
            continue
        fields = line.split("|")
        if len(fields) not in (3, 4):
            raise DataError(
                f"{metadata}:{number}: {len(fields)} fields; allowed are "
                "id|speaker|text|normalized and id|text|normalized"
            )
        speaker = fields[1] if len(fields) == 4 else folder.name
        text = fields[-1].strip() or fields[-2].strip()
        if not words_of(text):
            raise DataError(f"{metadata}:{number}: {fields[0]} has no words")
        yield Recording(
            id=fields[0],
            speaker=speaker,
            text=text,
            path=_audio_path(folder, fields[0], f"{metadata}:{number}"),
            held_out=is_held_out(text, held_out),
            phonemes=said.get(fields[0], ""),
        )


def _phonemes_said(provenance: Path) -> dict[str, str]:
    """By clip, from the rows of a teacher, which may be writing another one just now."""
    if not provenance.is_file():
        return {}
    said = {}
    lines = _lines(provenance)
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            said[row["id"]] = row["phonemes"]
        except (json.JSONDecodeError, KeyError, TypeError):
            if number < len(lines):
                raise DataError(f"{provenance}:{number}: no row with id and phonemes") from None
    return said


def _lines(metadata: Path) -> list[str]:
    try:
        return metadata.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{metadata}: not UTF-8 text ({error})") from None


def _audio_path(folder: Path, clip_id: str, place: str) -> Path:
    for suffix in _AUDIO_SUFFIXES:
        path = folder / "wavs" / f"{clip_id}{suffix}"
        if path.is_file():
            return path
    raise DataError(f"{place}: wavs/{clip_id} is missing; looked for {', '.join(_AUDIO_SUFFIXES)}")


def is_held_out(text: str, share: float) -> bool:
    """Whether the sentence with these words belongs to the share kept from training."""
    digest = hashlib.blake2b(" ".join(words_of(text)).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little") < share * 2**32
