"""The section `sentences.negatives.silence`."""

from dataclasses import dataclass

from pipeline.distributions import Distribution, check_share, within

KEY = "sentences.negatives.silence"


@dataclass(frozen=True)
class SilenceConfig:
    """A `share` of all sentences says nothing: clips of `duration_s` with white hiss at `level_db`
    relative to full scale, to which `augment` does what it does to speech.
    """

    share: float
    duration_s: Distribution = Distribution(low=0.5, high=3.0)
    level_db: Distribution = Distribution(low=-85.0, high=-60.0)

    def __post_init__(self) -> None:
        check_share(self.share)
        within(self.duration_s, 0.1, 60.0, "duration_s")
        within(self.level_db, -90.0, -30.0, "level_db")
