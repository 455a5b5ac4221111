"""Phone error rates on held-out clips, by a recognizer."""

from collections.abc import Iterable, Sequence

from models.checkpoint import Checkpoint, load_checkpoint
from models.errors import ConfigError
from models.phonology.phonemes import phones_of
from models.recognition.edit_distance import error_rate
from models.training.features import Clip

_NAME = "phone_error_rate"


def load_recognizer(name: str) -> Checkpoint:
    """The recognizer of a recipe. Raises `ConfigError` for a checkpoint of another kind and
    for one whose mels are no natural logarithms: alignment and energies are read from their levels.
    """
    recognizer = load_checkpoint(name)
    if recognizer.kind != "recognizer":
        raise ConfigError(f"recognizer: {name} is a {recognizer.kind}")
    if recognizer.mel.log != "ln":
        raise ConfigError(f"recognizer: {name} has mel.log {recognizer.mel.log}; needed is ln")
    return recognizer


def phone_error_rates(
    clips: Iterable[Clip], hypotheses: Iterable[Sequence[str]]
) -> dict[str, float]:
    """Of the phones recognized in each clip: over all clips first, then of all speakers whose names
    are alike up to the first `-`, as those of one corpus usually are.
    """
    pairs: dict[str, list[tuple[Sequence[str], list[str]]]] = {_NAME: []}
    for clip, hypothesis in zip(clips, hypotheses, strict=True):
        for name in (_NAME, f"{_NAME}_{clip.speaker.partition('-')[0]}"):
            pairs.setdefault(name, []).append((hypothesis, phones_of(clip.phonemes)))
    return {name: error_rate(part) for name, part in pairs.items()}
