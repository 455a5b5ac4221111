"""Lhotse: gzipped JSON Lines of recordings, supervisions and cuts a split, beside sound files.

    OUT/voxloom_recordings_train.jsonl.gz    OUT/voxloom_supervisions_train.jsonl.gz
    OUT/voxloom_cuts_train.jsonl.gz          OUT/audio/train-00000/ID.flac

Paths to sound files are absolute: Lhotse takes relative ones from wherever it runs.
"""

import gzip
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from models.phonology.foreign_accents import parse_accent
from pipeline.export.clips import Clip, json_line
from pipeline.export.pieces import Piece, by_split, join_parts

_KINDS = ("recordings", "supervisions", "cuts")
_OWN_FIELDS = ("id", "transcript", "duration_s", "sample_rate", "speaker", "words")


def write(piece: Piece, clips: Iterable[Clip]) -> None:
    with ExitStack() as stack:
        files = {
            kind: stack.enter_context(gzip.GzipFile(piece.part(kind), "wb", mtime=0))
            for kind in _KINDS
        }
        for clip in clips:
            path = str((piece.out / piece.add_sound(clip)).absolute())
            audio = recording(clip, {"type": "file", "channels": [0], "source": path})
            lines = {"recordings": audio, "cuts": cut(clip, audio)}
            if not clip.is_silence:
                lines["supervisions"] = supervision(clip)
            for kind, line in lines.items():
                files[kind].write(json_line(line).encode())


def finish(pieces: Sequence[Piece]) -> None:
    for split, own in by_split(pieces).items():
        for kind in _KINDS:  # gzip files one after another are a gzip file
            join_parts(own, kind, f"voxloom_{kind}_{split}.jsonl.gz")


def recording(clip: Clip, source: Mapping[str, Any]) -> dict[str, Any]:
    """Lhotse's Recording of a clip whose sound is at `source`, an AudioSource."""
    return {
        "id": clip.id,
        "sources": [source],
        "sampling_rate": clip.row["sample_rate"],
        "num_samples": clip.num_samples,
        "duration": clip.row["duration_s"],
        "channel_ids": [0],
    }


def supervision(clip: Clip) -> dict[str, Any]:
    """Lhotse's SupervisionSegment: the transcript, its words' times, and all other columns."""
    words = [
        [word["word"], word["start_s"], round(word["end_s"] - word["start_s"], 6), None]
        for word in clip.row["words"]
    ]
    return {
        "id": clip.id,
        "recording_id": clip.id,
        "start": 0.0,
        "duration": clip.row["duration_s"],
        "channel": 0,
        "text": clip.row["transcript"],
        "language": parse_accent(clip.row["accent"]).native,
        "speaker": clip.row["speaker"],
        "custom": {"written_text": clip.row["text"], **clip.others("text", *_OWN_FIELDS)},
        "alignment": {"word": words},
    }


def cut(clip: Clip, audio: Mapping[str, Any]) -> dict[str, Any]:
    """Lhotse's MonoCut over the whole of the recording `audio`; without speech it has no
    supervision, and the columns stand in the cut itself.
    """
    told = {"custom": supervision(clip)["custom"]} if clip.is_silence else {}
    return {
        "id": clip.id,
        "start": 0.0,
        "duration": clip.row["duration_s"],
        "channel": 0,
        "supervisions": [] if clip.is_silence else [supervision(clip)],
        "recording": audio,
        "type": "MonoCut",
        **told,
    }
