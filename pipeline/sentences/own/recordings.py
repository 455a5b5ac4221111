"""Recordings of the user's own, as a source beside the templates: `sentences.recordings`.

A folder in the corpora's layout (`metadata.csv` of `id|speaker|text|normalized text`, beside
`wavs/`), or a Hugging Face audio folder (`metadata.csv`, `.jsonl` or `.parquet` with `file_name`, a
text and perhaps a `speaker`). A row's template is `SPEAKER/CLIP`; its split follows its speaker.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.config import resolve_path
from models.content import file_digest
from models.errors import DataError
from models.folders import files_below
from models.phonology.phonemes import words_of
from models.training.corpus import FILE_NAME, CorpusConfig, is_corpus_metadata, read_corpora
from models.training.left_out import LeftOut
from pipeline.distributions import check_share
from pipeline.licences.summary import LicensedSource
from pipeline.licences.terms import check_licence_name
from pipeline.randomness import rng_for
from pipeline.records import Reject, Sentence
from pipeline.sentences.drawing.sampling import STAGE, Maker
from pipeline.sentences.drawing.sources import SentenceSource
from pipeline.sentences.own.own_files import EMPTY, columns_of, read_rows
from pipeline.sentences.own.own_sentences import TEXT_COLUMNS, tidied
from pipeline.sentences.own.recording import OwnRecording

RECORDINGS = "recordings"  # the source of these rows
_SPEAKERS = ("speaker", "speaker_id")
_METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")


@dataclass(frozen=True)
class OwnRecordings:
    """A folder of recordings, which give `share` of all rows; `accent` is that of its speakers.

    `name` is what rows call it in the column `domain`, and what its speakers' names begin with;
    null: the folder's.
    """

    path: Path
    share: float
    license: str
    name: str | None = None
    accent: str = "en-us"

    def __post_init__(self) -> None:
        check_share(self.share)
        if not self.license.strip():
            raise ValueError("license: say what the licence of these recordings is")
        check_licence_name(self.license)
        if "/" in self.called or ":" in self.called:
            raise ValueError(f"name: {self.called!r}; `/` and `:` are not allowed")

    @property
    def called(self) -> str:
        return self.name or resolve_path(self.path).name


def recordings_source(key: str, config: OwnRecordings) -> SentenceSource:
    """The recordings of a folder, whose section of the config is `key`."""
    return SentenceSource(
        location=str(config.path),
        lower=f"{key}.share",
        share=config.share,
        check=lambda number: _check(key, config, number),
        rows=lambda maker, _: _rows(config, maker),
        files=lambda: recorded_files(config),
        digest=lambda: recordings_digest([config]),
        licensed=licence_of(key, config, "sentences", f"{RECORDINGS}:{config.called}"),
    )


def licence_of(key: str, config: OwnRecordings, kind: str, name: str) -> LicensedSource:
    """The line of a part of a recording's row in the licence summary: words, voice, wave."""
    attribution = f"recordings: {config.called}"
    return LicensedSource(kind, name, config.license, attribution, key, str(config.path))


def read_recordings(
    config: OwnRecordings, left_out: list[LeftOut] | None = None
) -> list[OwnRecording]:
    """All usable recordings of a folder, in its order. Lines of a corpus that cannot be used are
    added to `left_out`.

    Raises `DataError` naming file and line of the first that cannot be used: in a corpus where none
    can, in an audio folder for any.
    """
    folder = resolve_path(config.path)
    listed = _listing(folder)
    if listed and not is_corpus_metadata(listed) and FILE_NAME in columns_of(listed):
        return list(_of_audio_folder(config, listed))
    corpus = CorpusConfig(root=folder, held_out=0.0)
    found = read_corpora(corpus, [] if left_out is None else left_out)
    return [
        OwnRecording(
            config.called,
            f"{config.called}:{one.speaker}",
            one.id,
            one.text,
            config.accent,
            one.path,
        )
        for one in found
    ]


def recordings_by_id(
    configs: Sequence[OwnRecordings], seed: int, repetitions: int = 1
) -> dict[str, OwnRecording]:
    """Every recording by the ids of the rows that it makes."""
    return {
        id if number == 1 else f"{id}-{number}": recording
        for config in configs
        for recording in read_recordings(config)
        for id in [f"{config.called}-{_digest_of(recording, seed)}"]
        for number in range(1, repetitions + 1)
    }


def recorded_files(config: OwnRecordings) -> list[Path]:
    """The list of recordings, and the sound files."""
    listed = _listing(resolve_path(config.path))
    return [*([listed] if listed else []), *(one.path for one in read_recordings(config))]


def recordings_digest(configs: Sequence[OwnRecordings]) -> str:
    """16 hex digits that change with what is said and how it sounds."""
    digest = hashlib.blake2b(digest_size=8)
    for config in configs:
        for path in recorded_files(config):
            digest.update(f"{path.name}\0".encode() + file_digest(path))
    return digest.hexdigest()


def _rows(config: OwnRecordings, maker: Maker) -> Iterator[Sentence | Reject]:
    """First what cannot be used, then sentences in an order that the seed draws."""
    left_out = list[LeftOut]()
    recordings = read_recordings(config, left_out)
    for line in left_out:
        location = Path(line.location).name
        reason = str(replace(line, location=location))
        yield Reject(f"{config.called}-{location}", STAGE, reason)
    for index in rng_for(maker.seed, STAGE, f"{config.called}|order").permutation(len(recordings)):
        one = recordings[int(index)]
        digest = _digest_of(one, maker.seed)
        if maker.is_new(digest):
            id = f"{config.called}-{digest}"
            yield Sentence(id, one.text, config.called, one.template, "", source=RECORDINGS)


def _digest_of(recording: OwnRecording, seed: int) -> str:
    said = f"{seed}|{recording.source}|{recording.template}|{recording.text}"
    return hashlib.blake2b(said.encode(), digest_size=6).hexdigest()


def _check(key: str, config: OwnRecordings, number: int) -> None:
    found = len(read_recordings(config))
    if found < number:
        raise DataError(
            f"{config.path}: {number} recordings asked for, but it holds {found}; lower {key}.share"
        )


def _listing(folder: Path) -> Path | None:
    """The file that lists the recordings. Raises `DataError` for what is no folder."""
    if not folder.is_dir():
        raise DataError(f"{folder}: is no folder of recordings")
    return next((folder / name for name in _METADATA if (folder / name).is_file()), None)


def _of_audio_folder(config: OwnRecordings, listed: Path) -> Iterator[OwnRecording]:
    columns = columns_of(listed)
    text = next((name for name in TEXT_COLUMNS if name in columns), None)
    if text is None:
        raise DataError(f"{listed}: no column of text; one of {', '.join(TEXT_COLUMNS)} is needed")
    speaker = next((name for name in _SPEAKERS if name in columns), None)
    wanted = [FILE_NAME, text, *([speaker] if speaker else [])]
    there = {path.relative_to(listed.parent).as_posix() for path in files_below(listed.parent)}
    first_at = dict[str, int]()
    for row in read_rows(listed, wanted):
        if row.problem == EMPTY:
            continue
        name = str(row.values.get(FILE_NAME) or "")
        if problem := row.problem or _problem_of(name, there, first_at):
            raise DataError(f"{listed}:{row.line}: {problem}")
        try:
            said = tidied(row.values.get(text), text)
            who = tidied(row.values.get(speaker), speaker) if speaker else ""
        except ValueError as problem:
            raise DataError(f"{listed}:{row.line}: {problem}") from None
        if not words_of(said):
            raise DataError(f"{listed}:{row.line}: no words in `{text}`")
        first_at[name] = row.line
        yield OwnRecording(
            config.called,
            f"{config.called}:{who or listed.parent.name}",
            Path(name).with_suffix("").as_posix(),
            said,
            config.accent,
            listed.parent / name,
        )


def _problem_of(name: str, there: Collection[str], first_at: Mapping[str, int]) -> str:
    """Why a row of an audio folder is not that of a recording; empty where it is."""
    if name not in there:
        return f"{name or 'no file'}: no such sound file"
    return f"{name}: listed before, in line {first_at[name]}" if name in first_at else ""
