"""From the files of a public corpus to the clips of ours."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from models.errors import DataError
from models.text_files import read_lines


@dataclass(frozen=True, slots=True)
class PublicClip:
    """One recording of an unpacked corpus; `text` as written, `spoken` as it was read."""

    id: str
    speaker: str
    text: str
    spoken: str
    path: Path


Layout = Callable[[Path], Iterator[PublicClip]]


def lay_out_ljspeech(folder: Path) -> Iterator[PublicClip]:
    """`LJSpeech-1.1/metadata.csv`: id|text|normalized text."""
    root = _find(folder, "metadata.csv").parent
    for number, line in _lines(root / "metadata.csv"):
        fields = line.split("|")
        if len(fields) != 3:
            where = f"{root / 'metadata.csv'}:{number}"
            raise DataError(f"{where}: {len(fields)} fields; needed are id|text|normalized text")
        id, text, spoken = fields
        yield PublicClip(id, "ljspeech", text, spoken, root / "wavs" / f"{id}.wav")


def lay_out_librispeech(folder: Path) -> Iterator[PublicClip]:
    """`SPEAKER/CHAPTER/*.trans.txt`: an id and capitals without punctuation a line."""
    transcripts = sorted(folder.rglob("*.trans.txt"))
    if not transcripts:
        raise DataError(f"{folder}: no *.trans.txt; not a part of LibriSpeech")
    for transcript in transcripts:
        for _, line in _lines(transcript):
            id, _, words = line.partition(" ")
            speaker = f"libri-{id.partition('-')[0]}"
            path = transcript.parent / f"{id}.flac"
            yield PublicClip(id, speaker, words.lower(), words.lower(), path)


def lay_out_vctk(folder: Path) -> Iterator[PublicClip]:
    """`txt/SPEAKER/ID.txt` and `wav48_silence_trimmed/SPEAKER/ID_mic1.flac`; clips without a text,
    or a text without a clip, are left out.
    """
    texts = _find(folder, "txt")
    sounds = texts.parent / "wav48_silence_trimmed"
    for path in sorted(texts.rglob("*.txt")):
        speaker, sound = path.parent.name, sounds / path.parent.name / f"{path.stem}_mic1.flac"
        if sound.is_file():
            text = " ".join(path.read_text(encoding="utf-8").split())
            yield PublicClip(path.stem, f"vctk-{speaker}", text, text, sound)


def lay_out_an4(folder: Path) -> Iterator[PublicClip]:
    """`etc/an4_PART.fileids` and `.transcription`, line by line: `<s> YES </s> (id)`."""
    etc = _find(folder, "an4_train.fileids").parent
    for part in ("train", "test"):
        files = _lines(etc / f"an4_{part}.fileids")
        transcripts = _lines(etc / f"an4_{part}.transcription")
        if len(files) != len(transcripts):
            raise DataError(
                f"{etc}: an4_{part}.fileids has {len(files)} lines, an4_{part}.transcription "
                f"{len(transcripts)}; they belong together line by line"
            )
        for (_, file), (_, transcript) in zip(files, transcripts, strict=True):
            words = [word for word in transcript.split()[:-1] if word not in ("<s>", "</s>")]
            path = etc.parent / "wav" / f"{file}.sph"
            text = " ".join(words)
            id = f"an4_{part}_{path.stem}"
            yield PublicClip(id, f"an4-{path.parent.name}", text, text.lower(), path)


def lay_out_speechocean(folder: Path) -> Iterator[PublicClip]:
    """`train/` and `test/` as Kaldi lists data: `text`, `utt2spk` and `wav.scp`, an id and a value
    a line.
    """
    root = _find(folder, "wav.scp").parent.parent
    for part in ("train", "test"):
        speakers, sounds = (_values(root / part / name) for name in ("utt2spk", "wav.scp"))
        for id, words in _values(root / part / "text").items():
            if id not in speakers or id not in sounds:
                raise DataError(f"{root / part}: {id} stands in text, not in utt2spk and wav.scp")
            text, speaker = words.lower(), f"speechocean-{speakers[id]}"
            yield PublicClip(id, speaker, text, text, root / sounds[id])


def lay_out_speech_commands(folder: Path) -> Iterator[PublicClip]:
    """`WORD/SPEAKER_nohash_NUMBER.wav` of the ten commands; `_silence_` and `_unknown_`, which hold
    no command, are left out.
    """
    root = _find(folder, "_unknown_").parent
    for path in sorted(root.glob("[!_]*/*_nohash_*.wav")):
        word, (speaker, _, number) = path.parent.name, path.stem.rpartition("_nohash_")
        yield PublicClip(f"{word}-{speaker}-{number}", f"commands-{speaker}", word, word, path)


def _values(path: Path) -> dict[str, str]:
    found = [(number, line.split(maxsplit=1)) for number, line in _lines(path)]
    for number, fields in found:
        if len(fields) != 2:
            raise DataError(f"{path}:{number}: {len(fields)} field; needed are an id and a value")
    return {id: value for _, (id, value) in found}


def _find(folder: Path, name: str) -> Path:
    found = sorted(folder.rglob(name), key=lambda path: len(path.parts))
    if not found:
        raise DataError(f"{folder}: {name} is missing; the archive holds another corpus")
    return found[0]


def _lines(path: Path) -> list[tuple[int, str]]:
    """The lines that hold something, with their numbers."""
    lines = enumerate(read_lines(path, "a list of clips"), start=1)
    return [(number, line) for number, line in lines if line.strip()]
