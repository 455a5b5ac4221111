"""What was done to a clip, as its row keeps it: each link exactly, the usual three in short.

Parameters are JSON with sorted keys; floats are written so that they read back as the same bits.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.errors import DataError
from pipeline.augment.links import LINKS
from pipeline.augment.links.link import Drawn, SoundPool
from pipeline.records import SIMULATED, Augmentation, Channel, Noise, Room

_JOINT = "+"


@dataclass(frozen=True, slots=True)
class Entry:
    """A link that was applied: by which name, with what, and what it found out."""

    link: str
    drawn: Drawn
    measured: Mapping[str, Any]

    def record(self) -> Augmentation:
        return Augmentation(self.link, _json(self.drawn), _json(self.measured))


def read_log(augmentations: Sequence[Mapping[str, str]], where: str) -> list[tuple[str, Drawn]]:
    """(link, parameters) of the column `augmentations` of a row.

    Raises `DataError`, which begins with `where`, for what no chain writes.
    """
    log = []
    for index, augmentation in enumerate(augmentations):
        location = f"{where}: augmentations[{index}]"
        link = augmentation["link"]
        if link not in LINKS:
            raise DataError(f"{location}.link: {link!r} is not one of {', '.join(LINKS)}")
        try:
            drawn = json.loads(augmentation["parameters"])
        except ValueError as error:
            raise DataError(f"{location}.parameters: not JSON ({error})") from None
        if not isinstance(drawn, dict):
            raise DataError(f"{location}.parameters: expected an object, found {drawn!r}")
        log.append((link, drawn))
    return log


def noise_of(entries: Sequence[Entry], pool: SoundPool) -> Noise:
    """All noises in one: classes and sources joined by `+`, the SNR of the last."""
    noisy = [entry for entry in entries if entry.measured.get("snr_db") is not None]
    if not noisy:
        return Noise()
    sources = [source for entry in noisy for source in entry.drawn["sources"]]
    classes = [name for entry in noisy for name in entry.drawn["classes"]]
    licenses = [pool.library_of(source).by_source[source].license for source in sources]
    return Noise(
        noise_class=_joined(classes),
        source=_joined(sources),
        license=_joined(licenses),
        offset_s=noisy[0].drawn["offsets_s"][0],
        snr_db=noisy[-1].drawn["snr_db"],
        measured_snr_db=noisy[-1].measured["snr_db"],
    )


def room_of(entries: Sequence[Entry], pool: SoundPool) -> Room:
    """The room: its file, or `simulated`; the last one's reverberation time."""
    rooms = [entry for entry in entries if entry.link in ("room_response", "simulated_room")]
    if not rooms:
        return Room()
    sources = [entry.drawn.get("source", SIMULATED) for entry in rooms]
    licenses = [
        pool.library_of(source).by_source[source].license
        for source in sources
        if source != SIMULATED
    ]
    return Room(_joined(sources), _joined(licenses), rooms[-1].measured["rt60_s"])


def channel_of(entries: Sequence[Entry], limit_db: float) -> Channel:
    """Codecs joined by `+`, the narrowest band in Hz, and all gain, with that of the peak limit."""
    codecs = [entry.drawn["codec"] for entry in entries if "codec" in entry.drawn]
    bands = [
        (entry.drawn["low_hz"], entry.drawn["high_hz"])
        for entry in entries
        if "low_hz" in entry.drawn
    ]
    low, high = max((low for low, _ in bands), default=0), min((h for _, h in bands), default=0)
    gains_db = [entry.drawn["gain_db"] for entry in entries if entry.link == "gain"]
    return Channel(
        codec=_joined(codecs) or "none",
        band=f"{low:.0f}-{high:.0f}" if bands else "full",
        gain_db=sum(gains_db) + limit_db,
    )


def _joined(names: Sequence[str]) -> str:
    return _JOINT.join(dict.fromkeys(names))


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, sort_keys=True, ensure_ascii=False, allow_nan=False)
