"""A recording of the user's own."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class OwnRecording:
    """One recording: what rows call its folder and its speaker, what is said, and where it lies."""

    source: str
    speaker: str
    id: str
    text: str
    accent: str
    path: Path

    @property
    def template(self) -> str:
        return f"{self.speaker}/{self.id}"
