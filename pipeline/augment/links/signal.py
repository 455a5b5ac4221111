"""What goes through the augmentation chain: the clip so far, and the speech alone in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

Change = Callable[[np.ndarray], np.ndarray]  # (S,) -> (S',) float32


@dataclass(frozen=True, slots=True)
class Signal:
    """A clip (S,) float32 on its way, and `speech`, what it would be without any noise.

    `speech` is the same array as `wave` until noise is added, and None once no link needs it
    any more. A moment `t` of the clean clip lies at `t * time_scale + time_shift_s`.
    `measured` is what the last link found out.
    """

    wave: np.ndarray
    speech: np.ndarray | None
    sample_rate: int
    time_scale: float = 1.0
    time_shift_s: float = 0.0
    measured: Mapping[str, Any] = field(default_factory=dict)

    def each(self, change: Change, **measured: Any) -> "Signal":
        """`change` applied to the clip and, where it is another wave, to the speech alone."""
        wave = change(self.wave)
        speech = self.speech
        if speech is not None:
            speech = wave if speech is self.wave else change(speech)
        return replace(self, wave=wave, speech=speech, measured=measured)

    def with_noise(self, noise: np.ndarray, **measured: Any) -> "Signal":
        """The clip with `noise` (S,) added to it."""
        return replace(self, wave=self.wave + noise, measured=measured)

    def unchanged(self, **measured: Any) -> "Signal":
        return replace(self, measured=measured)

    def moved(self, scale: float = 1.0, shift_s: float = 0.0) -> "Signal":
        """With moments of the clip so far at `t * scale + shift_s`."""
        return replace(
            self,
            time_scale=self.time_scale * scale,
            time_shift_s=self.time_shift_s * scale + shift_s,
        )
