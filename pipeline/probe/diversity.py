"""Voice diversity of datasets and corpora, by speaker embeddings."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from models.errors import DataError
from models.evaluation.diversity import Embed, Spread, load_encoder, spread_of
from models.training.corpus import CorpusConfig, read_corpora
from pipeline.audio.files import decode_audio
from pipeline.dataset.files import BUILD_FILE, data_files, read_rows
from pipeline.dataset.record import read_whole_record
from pipeline.randomness import rng_for
from pipeline.records import NOBODY

CLIPS_PER_SPEAKER = 12


class VoiceClip(NamedTuple):
    """Who speaks, and the bytes of a sound file."""

    speaker: str
    audio: bytes


def diversity(
    folders: Iterable[Path], encoder_name: str, num_clips: int, seed: int = 0
) -> dict[Path, Spread]:
    """The spread of each folder's voices: a dataset that Voxloom made, or a corpus.

    All are compared as equals: as many speakers of each, the same number of clips a speaker,
    drawn by `seed`, at most `num_clips` in all. Raises `DataError` for a folder with fewer than
    two speakers of at least two clips.
    """
    embed = load_encoder(encoder_name)
    counts = {
        folder: Counter(name for name, _ in _index(folder) if name != NOBODY) for folder in folders
    }
    talkative = {
        folder: sorted(name for name, clips in by_name.items() if clips > 1)
        for folder, by_name in counts.items()
    }
    for folder, names in talkative.items():
        if len(names) < 2:
            raise DataError(
                f"{folder}: {len(names)} speakers with two clips or more; two are needed"
            )
    num_speakers = min(min(map(len, talkative.values())), num_clips // 2)
    per_speaker = min(CLIPS_PER_SPEAKER, num_clips // num_speakers)
    for folder, names in talkative.items():
        usual = sorted((counts[folder][name] for name in names), reverse=True)
        per_speaker = min(per_speaker, usual[num_speakers - 1])
    return {
        folder: _spread(folder, counts[folder], num_speakers, per_speaker, embed, seed)
        for folder in talkative
    }


def _spread(
    folder: Path,
    counts: Counter[str],
    num_speakers: int,
    per_speaker: int,
    embed: Embed,
    seed: int,
) -> Spread:
    rng = rng_for(seed, "diversity")
    enough = sorted(name for name, clips in counts.items() if clips >= per_speaker)
    chosen = set(rng.choice(enough, num_speakers, replace=False).tolist())
    indices: dict[str, list[int]] = defaultdict(list)
    for index, (name, _) in enumerate(_index(folder)):
        indices[name].append(index)
    wanted = {
        int(index)
        for name in sorted(chosen)
        for index in rng.choice(indices[name], per_speaker, replace=False)
    }
    vectors, speakers = [], []
    for clip in _clips(folder, wanted):
        vector = embed(*decode_audio(clip.audio))
        if vector is not None:
            vectors.append(vector)
            speakers.append(clip.speaker)
    return spread_of(np.stack(vectors), speakers)


def _index(folder: Path) -> Iterator[tuple[str, Path]]:
    """(speaker, file) of every clip of a dataset or a corpus, in an order that stays."""
    if (folder / BUILD_FILE).is_file():
        read_whole_record(folder)
        for path in data_files(folder):
            yield from ((row["speaker"], path) for row in read_rows(path, ["speaker"]))
        return
    for recording in read_corpora(CorpusConfig(folder)):
        yield recording.speaker, recording.path


def _clips(folder: Path, wanted: set[int]) -> Iterator[VoiceClip]:
    """The clips at these places of `_index`; the audio of no other is kept."""
    if (folder / BUILD_FILE).is_file():
        rows = (row for path in data_files(folder) for row in read_rows(path, ["speaker", "audio"]))
        for index, row in enumerate(rows):
            if index in wanted:
                yield VoiceClip(row["speaker"], row["audio"]["bytes"])
        return
    for index, (speaker, path) in enumerate(_index(folder)):
        if index in wanted:
            yield VoiceClip(speaker, path.read_bytes())
