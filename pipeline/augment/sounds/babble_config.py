"""The config of babble noise sampled from a MelNet."""

from dataclasses import dataclass

CLASS = "babble"


@dataclass(frozen=True)
class BabbleConfig:
    """`voices` talking at once for `seconds`, in a `share` of the clips that have noise.

    `checkpoint` is a MelNet's, `vocoder` makes it heard. A `temperature` below 1 makes for
    calmer, plainer voices.
    """

    checkpoint: str = "melnet"
    vocoder: str = "vocos"
    share: float = 0.2
    voices: int = 4
    seconds: float = 60.0
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"share: {self.share} is not within 0 and 1")
        if not 1 <= self.voices <= 64:
            raise ValueError(f"voices: {self.voices} is not within 1 and 64")
        if not 1 <= self.seconds <= 3600:
            raise ValueError(f"seconds: {self.seconds} is not within 1 and 3600")
        if not 0 < self.temperature <= 2:
            raise ValueError(f"temperature: {self.temperature}; above 0 and up to 2 is allowed")
