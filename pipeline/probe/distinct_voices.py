"""The voices of a build that differ most, by speaker embeddings of what they say.

D is the number of dimensions of an embedding.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.errors import ConfigError, DataError
from models.evaluation.diversity import Embed, effective_number, load_encoder
from pipeline.distributions import Distribution
from pipeline.records import Reject, Sentence, SpokenSentence
from pipeline.speech.synthesize import Synthesizer, VoiceConfig, check_voice
from pipeline.speech.vocode import vocode
from pipeline.text.spoken import TextConfig, text_frontend

T = TypeVar("T")

LINES = (
    "The ferry leaves the northern harbor a little before dawn.",
    "Could you bring two cups of coffee and the blue folder?",
    "She never explained why the window had been left open.",
)


def distinct_voices(config: VoiceConfig, seed: int, count: int, encoder_name: str) -> list[str]:
    """`count` of the build's voices, each chosen to raise the effective number of speakers most
    (a greedy search from the pair that is farthest apart); `seed` is the build's.

    Every voice says `LINES` at its own pace and pitch. Raises `ConfigError` for more voices than
    there are, `DataError` for a voice that cannot say a line.
    """
    names = check_voice(config)
    if not 2 <= count <= len(names):
        raise ConfigError(f"--count: from 2 to {len(names)}, the voices there are; found {count}")
    embed = load_encoder(encoder_name)
    return most_distinct(dict(_embedded(config, seed, names, embed)), count)


def most_distinct(vectors: Mapping[str, NDArray[np.float64]], count: int) -> list[str]:
    """`count` of the names of unit vectors (D,), in the order in which they are chosen."""
    names, rows = list(vectors), np.stack(list(vectors.values()))
    farthest = np.unravel_index(np.argmin(rows @ rows.T), (len(names), len(names)))
    chosen = sorted({int(index) for index in farthest})
    while len(chosen) < count:
        others = [index for index in range(len(names)) if index not in chosen]
        chosen.append(max(others, key=lambda other: effective_number(rows[[*chosen, other]])))
    return [names[index] for index in chosen[:count]]


def _embedded(
    config: VoiceConfig, seed: int, names: Sequence[str], embed: Embed
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Every voice with the average (D,) of its clips, of length 1."""
    neutral = replace(
        config,
        pace=Distribution(value=1.0),
        pitch_semitones=Distribution(value=0.0),
        energy=Distribution(value=1.0),
        pitch_range=Distribution(value=1.0),
        vocal_tract=Distribution(value=1.0),
        unevenness=None,
        quota=None,
        context=None,
    )
    synthesizer = Synthesizer(neutral, seed)
    sentences = _sentences(seed)
    for name in names:
        mels = [
            _made(synthesizer.speak(line, synthesizer.later_controls(line, 1, name, True)), name)
            for line in sentences
        ]
        clips = [_made(clip, name) for clip in vocode(mels, neutral)]
        found = [embed(clip.wave, clip.sample_rate) for clip in clips]
        heard = [vector for vector in found if vector is not None]
        if not heard:
            raise DataError(f"{name}: the speaker encoder hears no voice")
        average = np.mean(heard, axis=0)
        yield name, average / np.linalg.norm(average)


def _sentences(seed: int) -> list[SpokenSentence]:
    lines = [
        Sentence(f"line-{number}", text, domain="distinct", template="", intent="")
        for number, text in enumerate(LINES)
    ]
    return [_made(line, "en-us") for line in text_frontend(lines, TextConfig(), seed=seed)]


def _made(made: T | Reject, owner: str) -> T:
    if isinstance(made, Reject):
        raise DataError(f"{owner}: {made.reason}")
    return made
