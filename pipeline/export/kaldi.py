"""Kaldi: a data folder a split, as utils/validate_data_dir.sh wants it, and WAV files.

    OUT/train/{wav.scp,segments,text,utt2spk,spk2utt,utt2dur,ctm}    OUT/audio/train-00000/ID.wav

Everything is sorted as in the C locale. An utterance is called SPEAKER-ID, and a recording as the
one utterance in it.
"""

import math
import re
from collections.abc import Iterable, Sequence

from pipeline.export.clips import Clip, safe_name
from pipeline.export.pieces import Piece, by_split
from pipeline.export.sorted_tables import merge_runs, write_runs, write_spk2utt
from pipeline.export.sounds import as_wav

_UNSAFE_SPEAKER = re.compile(r"[^A-Za-z0-9-]")
_TABLES = ("wav.scp", "segments", "text", "utt2spk", "utt2dur", "ctm")


def write(piece: Piece, clips: Iterable[Clip]) -> None:
    def lines_of(clip: Clip) -> dict[str, list[str]]:
        path = (piece.out / piece.add_sound(clip, wav=as_wav(clip))).absolute()
        return _lines(clip, str(path))

    write_runs(piece, clips, lines_of)


def finish(pieces: Sequence[Piece]) -> None:
    for split, own in by_split(pieces).items():
        folder = own[0].out / split
        for name in _TABLES:
            merge_runs(own, name, folder / name)
        write_spk2utt(folder / "utt2spk", folder / "spk2utt", own[0].part("unfinished"))


def speaker_of(clip: Clip) -> str:
    """The clip's speaker as Kaldi can sort it: with `_` for `-`.

    `-` sorts before letters, digits and `_`, so utterances sort as their speakers do.
    """
    return safe_name(clip.row["speaker"], _UNSAFE_SPEAKER).replace("-", "_")


def utterance_of(clip: Clip) -> str:
    """The clip's id after its speaker's."""
    return f"{speaker_of(clip)}-{clip.name}"


def _lines(clip: Clip, path: str) -> dict[str, list[str]]:
    utterance = utterance_of(clip)
    # Rounded up: readers cut the end to whole samples, and one must not be lost.
    end_s = math.ceil(clip.row["duration_s"] * 1e6) / 1e6
    words = [
        f"{utterance} 1 {word['start_s']:.3f} {word['end_s'] - word['start_s']:.3f} {word['word']}"
        for word in clip.row["words"]
    ]
    return {
        "wav.scp": [f"{utterance} {path}"],
        "segments": [f"{utterance} {utterance} 0.0 {end_s:.6f}"],
        "text": [f"{utterance} {clip.row['transcript']}".rstrip()],
        "utt2spk": [f"{utterance} {speaker_of(clip)}"],
        "utt2dur": [f"{utterance} {clip.row['duration_s']:.6f}"],
        "ctm": words,
    }
