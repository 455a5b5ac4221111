"""Babble noise without words, sampled from a MelNet once for a build.

A MelNet draws a few seconds of speech-like sound at a time; a vocoder makes it heard, pieces are
joined into voices, and voices summed. The file is named by all that it depends on and appears
whole, so every worker of a build, and the next build, shares it.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from models.atomic import write_atomically
from models.checkpoint import (
    check_role,
    check_vocoder_fits,
    checkpoint_digest,
    checkpoint_label,
    load_checkpoint,
    read_info,
)
from models.mel import convert_mels
from models.melnet.sampling import RandomDraw, sample
from pipeline.audio.files import active_speech_level_db, encode_flac, rms_db
from pipeline.augment.sounds.babble_config import CLASS, BabbleConfig
from pipeline.augment.sounds.library import Sound, SoundLibrary
from pipeline.randomness import rng_for

_VERSION = 1  # raise it when the same settings give another sound
_PIECE_S = 4.0
_FADE_S = 0.15
_BATCH = 16  # pieces drawn at once: about 0.3 GB
_LEVEL_DBFS = -25.0
_PEAK = 0.95


def check_babble(config: BabbleConfig) -> None:
    """Raise `CheckpointError` naming the key of the checkpoint that cannot be used."""
    drawing = check_role(config.checkpoint, "spectrogram", "augment.noise.babble.checkpoint")
    speaking = check_role(config.vocoder, "vocoder", "augment.noise.babble.vocoder")
    check_vocoder_fits(drawing, speaking)


def babble_key(config: BabbleConfig, seed: int) -> str:
    """16 hex digits over all that the sound depends on; names its file."""
    settings = asdict(config)
    del settings["share"]
    for name in ("checkpoint", "vocoder"):
        settings[name] = checkpoint_digest(settings[name])
    what = repr((_VERSION, version("torch"), seed, sorted(settings.items())))
    return hashlib.blake2b(what.encode(), digest_size=8).hexdigest()


def make_babble(
    config: BabbleConfig, seed: int, folder: Path, check: Callable[[], None] = lambda: None
) -> Path:
    """The file of babble in `folder`; it is made where it is missing. `check` is called before what
    was made is kept.

    The same seed gives the same sound on the same machine. On another kind of processor the
    last digits of a sum may differ, and everything drawn after it with them.
    """
    path = folder / f"{babble_key(config, seed)}.flac"
    if not path.is_file():
        wave, sample_rate = draw_babble(config, seed)
        check()
        write_atomically(path, encode_flac(wave, sample_rate))
    return path


def babble_library(config: BabbleConfig, path: Path, sample_rate: int) -> SoundLibrary:
    """The file as a library of one sound, with the licence of the MelNet it was drawn from."""
    info = read_info(config.checkpoint)
    name = Path(config.checkpoint).name
    sound = Sound(
        path=path,
        source=f"{checkpoint_label(config.checkpoint)}/{path.name}",
        sound_class=CLASS,
        license=info.licence or "unknown",
        attribution=f"drawn by {name}, trained on {', '.join(info.trained_on) or 'unknown speech'}",
    )
    return SoundLibrary(path.parent, sample_rate, (sound,))


def draw_babble(config: BabbleConfig, seed: int) -> tuple[np.ndarray, int]:
    """(the wave (S,) at -25 dBFS, its sample rate)."""
    sample_rate = read_info(config.vocoder).mel.sample_rate
    fade, length = round(_FADE_S * sample_rate), round(config.seconds * sample_rate)
    piece = round(_PIECE_S * sample_rate)
    count = 1 + math.ceil(length / (piece - fade))  # in a voice: one more than fit, to begin late
    waves = list(_draw_pieces(config, seed, config.voices * count))
    mixed = np.zeros(length, dtype=np.float32)
    for voice in range(config.voices):
        joined = _join(waves[voice * count : (voice + 1) * count], fade)
        late = voice * piece // config.voices  # joints of different voices lie apart
        mixed += joined[late : late + length]
    gain = 10 ** ((_LEVEL_DBFS - rms_db(mixed)) / 20)
    loudest = max(float(np.abs(mixed).max()), 1e-9)
    return mixed * np.float32(min(gain, _PEAK / loudest)), sample_rate


def _draw_pieces(config: BabbleConfig, seed: int, count: int) -> Iterator[np.ndarray]:
    """`count` waves of `_PIECE_S`, or a little more, at one speech level."""
    melnet, vocoder = load_checkpoint(config.checkpoint), load_checkpoint(config.vocoder)
    frames = math.ceil(_PIECE_S / melnet.mel.frame_s) + 1
    samples = round(_PIECE_S * vocoder.mel.sample_rate)
    seeds = [int(rng_for(seed, CLASS, str(piece)).integers(2**62)) for piece in range(count)]
    for first in range(0, count, _BATCH):
        few = seeds[first : first + _BATCH]
        draw = RandomDraw.seeded(few, config.temperature)
        mels = convert_mels(
            sample(melnet.model, frames, len(few), draw).mels, melnet.mel, vocoder.mel
        )
        for mel in mels:
            with torch.inference_mode():
                wave = vocoder.vocoder(mel[None])[0].float().cpu().numpy()
            yield _levelled(wave[:samples], vocoder.mel.sample_rate)


def _levelled(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    level_db = active_speech_level_db(wave, sample_rate)
    if not np.isfinite(level_db):
        return np.zeros_like(wave)
    return wave * np.float32(10 ** ((_LEVEL_DBFS - level_db) / 20))


def _join(pieces: Sequence[np.ndarray], fade: int) -> np.ndarray:
    """Pieces (S,) one after the other, each fading into the next at equal power."""
    angle = (np.arange(fade, dtype=np.float32) + 0.5) / fade * np.float32(np.pi / 2)
    joined = pieces[0]
    for piece in pieces[1:]:
        seam = joined[-fade:] * np.cos(angle) + piece[:fade] * np.sin(angle)
        joined = np.concatenate([joined[:-fade], seam, piece[fade:]])
    return joined
