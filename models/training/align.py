"""Alignments of a corpus, which give FastSpeech2 its durations: made once, and kept."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from models.checkpoint import Checkpoint
from models.config import as_mapping
from models.content import is_as_listed, list_contents
from models.recognition.alignment import Alignment, align
from models.training.corpus import clip_key
from models.training.features import Clip, Features
from models.training.left_out import LeftOut

_VERSION = 1


def align_corpus(
    features: Features, recognizer: Checkpoint, cache_dir: Path
) -> dict[str, Alignment]:
    """Alignments by `clip_key`, cached under the recognizer, what the clips say and how they
    sound; clips too short for their phones are left out.
    """
    weights = recognizer.info.weights_digest
    path = cache_dir / f"alignment-{weights}-{_cache_key(features, recognizer)}.json"
    listing = path.with_suffix(".contents.txt")
    if is_as_listed(listing):
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {name: Alignment(tuple(s), tuple(d)) for name, (s, d) in stored.items()}
    alignments = {}
    for clip in features.clips:
        aligned = align(clip.phonemes, features.mel(clip), recognizer)
        if aligned is not None:
            alignments[clip_key(clip)] = aligned
    temporary = path.with_suffix(".tmp")
    stored = {name: (a.symbols, a.durations) for name, a in alignments.items()}
    temporary.write_text(json.dumps(stored), encoding="utf-8")
    temporary.rename(path)
    list_contents(listing, [path])
    return alignments


def unaligned(features: Features, alignments: Mapping[str, Alignment]) -> list[LeftOut]:
    """The clips that the recognizer could not align."""
    return [
        LeftOut(clip.location, "not aligned", f"its phones do not fit {clip.num_frames} frames")
        for clip in features.clips
        if clip_key(clip) not in alignments
    ]


def _cache_key(features: Features, recognizer: Checkpoint) -> str:
    clips = [(clip_key(c), c.phonemes, c.first_frame, c.num_frames) for c in features.clips]
    what = [_VERSION, as_mapping(recognizer.info), clips]
    key = hashlib.blake2b(json.dumps(what).encode(), digest_size=6)
    key.update(np.ascontiguousarray(features.mels).data)
    return key.hexdigest()


def alignment_of(clip: Clip, alignments: dict[str, Alignment]) -> Alignment | None:
    """The clip's alignment, or None where it could not be aligned."""
    return alignments.get(clip_key(clip))
