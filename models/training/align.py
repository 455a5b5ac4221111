"""Cached alignments of a corpus, which give FastSpeech2 its durations, and the recognizer's phone
error rates of its clips.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.atomic import write_atomically
from models.checkpoint import Checkpoint
from models.config import as_mapping
from models.content import is_as_listed, list_contents
from models.lock import make_once
from models.phonology.accents import as_known
from models.phonology.phonemes import phones_of
from models.recognition.alignment import Alignment, align
from models.recognition.edit_distance import error_rate
from models.training.corpus import clip_key
from models.training.features import Clip, Features
from models.training.left_out import LeftOut

_VERSION = 1


def align_corpus(
    features: Features, recognizer: Checkpoint, cache_dir: Path
) -> dict[str, Alignment]:
    """Alignments by `clip_key`, cached by the recognizer, the clips' phones and their features;
    clips too short for their phones are left out.
    """
    stored = _kept(
        _cache_path("alignment", features, recognizer, cache_dir),
        lambda: dict(_alignments(features, recognizer)),
    )
    return {name: Alignment(tuple(s), tuple(d)) for name, (s, d) in stored.items()}


def _alignments(
    features: Features, recognizer: Checkpoint
) -> Iterator[tuple[str, tuple[Sequence[str], Sequence[int]]]]:
    for clip in features.clips:
        aligned = align(clip.phonemes, features.mel(clip), recognizer)
        if aligned is not None:
            yield clip_key(clip), (aligned.symbols, aligned.durations)


def clip_error_rates(
    features: Features, recognizer: Checkpoint, cache_dir: Path
) -> dict[str, float]:
    """The recognizer's phone error rate of each recording by `clip_key`, cached as alignments are:
    high where a reader said something else, or unintelligibly.
    """
    return _kept(
        _cache_path("heard", features, recognizer, cache_dir),
        lambda: {clip_key(c): _error_rate(c, features, recognizer) for c in features.clips},
    )


@torch.inference_mode()
def _error_rate(clip: Clip, features: Features, recognizer: Checkpoint) -> float:
    mel = torch.from_numpy(features.mel(clip)).T[None]
    heard = recognizer.model.transcribe(mel, torch.tensor([mel.shape[-1]]))[0]
    said = phones_of(as_known(clip.phonemes, recognizer.symbols))
    return error_rate([(heard, said)])


def unaligned(features: Features, alignments: Mapping[str, Alignment]) -> list[LeftOut]:
    """The clips that the recognizer could not align."""
    return [
        LeftOut(clip.location, "not aligned", f"its phones do not fit {clip.num_frames} frames")
        for clip in features.clips
        if clip_key(clip) not in alignments
    ]


def misheard(clips: Sequence[Clip], error_rates: Mapping[str, float], most: float) -> list[LeftOut]:
    """The clips whose phone error rate is above `most`."""
    return [
        LeftOut(clip.location, "misheard", f"phone error rate {rate:.2f}; the most is {most:g}")
        for clip in clips
        if (rate := error_rates[clip_key(clip)]) > most
    ]


def _cache_path(what: str, features: Features, recognizer: Checkpoint, cache_dir: Path) -> Path:
    key = _cache_key(features, recognizer)
    return cache_dir / f"{what}-{recognizer.info.weights_digest}-{key}.json"


def _kept(path: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the file `path` holds, made first where it is missing or damaged: by one run, for which
    others wait.
    """
    listing = path.with_suffix(".contents.txt")

    def write() -> None:
        write_atomically(path, json.dumps(make()).encode())
        list_contents(listing, [path])

    make_once(path, partial(is_as_listed, listing), write)
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _cache_key(features: Features, recognizer: Checkpoint) -> str:
    clips = [(clip_key(c), c.phonemes, c.first_frame, c.num_frames) for c in features.clips]
    what = [_VERSION, as_mapping(recognizer.info), clips]
    key = hashlib.blake2b(json.dumps(what).encode(), digest_size=6)
    key.update(np.ascontiguousarray(features.mels).data)
    return key.hexdigest()


def alignment_of(clip: Clip, alignments: dict[str, Alignment]) -> Alignment | None:
    """The clip's alignment, or None where it could not be aligned."""
    return alignments.get(clip_key(clip))
