"""ESPnet: the folders that its recipes have after data preparation, and after formatting.

OUT/data/{train,valid,test}/{wav.scp,text,utt2spk,spk2utt}
OUT/dump/raw/{train,valid,test}/{the same,utt2num_samples,feats_type,audio_format}
OUT/audio/train-00000/ID.flac
"""

from collections.abc import Iterable, Sequence

from models.errors import DataError
from models.text_files import lines_of
from pipeline.export.clips import Clip
from pipeline.export.kaldi import speaker_of, utterance_of
from pipeline.export.pieces import Piece, by_split, join_files
from pipeline.export.sorted_tables import merge_runs, write_runs, write_spk2utt

_SETS = {"validation": "valid"}  # what the recipes call a split
_TABLES = ("wav.scp", "text", "utt2spk")
_FORMAT = "audio_format"


def write(piece: Piece, clips: Iterable[Clip]) -> None:
    kinds: set[str] = set()

    def lines_of(clip: Clip) -> dict[str, list[str]]:
        kinds.add(clip.suffix.removeprefix("."))
        return _lines(clip, str((piece.out / piece.add_sound(clip)).absolute()))

    write_runs(piece, clips, lines_of)
    piece.part(_FORMAT).write_text("\n".join(sorted(kinds)), encoding="utf-8")


def finish(pieces: Sequence[Piece]) -> None:
    for split, own in by_split(pieces).items():
        out, unfinished = own[0].out, own[0].part("unfinished")
        name = _SETS.get(split, split)
        data, dump = out / "data" / name, out / "dump" / "raw" / name
        for table in (*_TABLES, "utt2num_samples"):
            merge_runs(own, table, dump / table)
        write_spk2utt(dump / "utt2spk", dump / "spk2utt", unfinished)
        for table in (*_TABLES, "spk2utt"):
            join_files([dump / table], data / table)
        for file, text in (("feats_type", "raw"), (_FORMAT, _one_format(own))):
            own[0].place_bytes(f"dump/raw/{name}/{file}", f"{text}\n".encode())


def _lines(clip: Clip, path: str) -> dict[str, list[str]]:
    utterance = utterance_of(clip)
    return {
        "wav.scp": [f"{utterance} {path}"],
        "text": [f"{utterance} {clip.row['transcript']}".rstrip()],
        "utt2spk": [f"{utterance} {speaker_of(clip)}"],
        "utt2num_samples": [f"{utterance} {clip.num_samples}"],
    }


def _one_format(pieces: Sequence[Piece]) -> str:
    """The kind of all sound files. Raises `DataError` where there are several."""
    parts = [piece.part(_FORMAT).read_text(encoding="utf-8") for piece in pieces]
    kinds = sorted({kind for part in parts for kind in lines_of(part)})
    if len(kinds) > 1:
        found = ", ".join(kinds)
        raise DataError(f"{pieces[0].out}: ESPnet takes one kind of sound file; found {found}")
    return kinds[0]
