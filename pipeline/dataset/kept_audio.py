"""The clips that a row may keep beside its own: the clean one, and the noise alone.

They are FLAC whatever the codec of the row's own clip: one keeps them to be exact.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from models.errors import DataError
from pipeline.audio.delivery import at_rate, declaration, encode_clip
from pipeline.audio.files import decode_audio
from pipeline.dataset.columns import KEPT_AUDIO
from pipeline.records import FinishedClip, JudgedClip


def kept_audio(judged: JudgedClip, clip: FinishedClip) -> dict[str, dict[str, Any]]:
    """Column -> the clip, for those whose bytes were kept so far; at the sample rate of `clip`."""
    clips = {"clean_audio": _clean(judged, clip), "noise_audio": clip.noise_audio}
    return {
        name: {"bytes": audio, "path": f"{clip.id}.{name.partition('_')[0]}.flac"}
        for name, audio in clips.items()
        if audio
    }


def _clean(judged: JudgedClip, clip: FinishedClip) -> bytes:
    if not judged.clean.pcm:
        return b""
    clean = at_rate(judged.clean.wave, judged.clean.sample_rate, clip.sample_rate)
    said = declaration(judged.performance.is_recorded)
    return encode_clip(clean, clip.sample_rate, "flac", clip.id, said)


def kept_audio_problems(row: Mapping[str, Any]) -> Iterator[str]:
    """Contradictions between the kept clips of a row."""
    for name in KEPT_AUDIO:
        audio = row.get(name)
        if audio is None:
            continue
        try:
            wave, sample_rate = decode_audio(audio["bytes"])
        except DataError as error:
            yield f"{name}: cannot be decoded: {error}"
            continue
        if sample_rate != row["sample_rate"]:
            yield f"{name}: expected {row['sample_rate']} Hz, found {sample_rate}"
        duration_s = len(wave) / sample_rate
        if name == "noise_audio" and duration_s != row["duration_s"]:
            yield f"{name}: expected {row['duration_s']:.6f} s as audio, found {duration_s:.6f}"
