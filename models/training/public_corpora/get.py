"""A public corpus as a corpus folder: download, unpack, lay out."""

import shutil
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from models.errors import DataError
from models.training.public_corpora.catalogue import PublicCorpus
from models.training.public_corpora.download import Progress, download
from models.training.public_corpora.layouts import PublicClip

_AS_THEY_ARE = (".wav", ".flac")


def get_corpus(corpus: PublicCorpus, to: Path, progress: Progress = lambda *_: None) -> Path:
    """The corpus in the folder `to`/NAME: `metadata.csv`, `wavs/` and `SOURCE.md`.

    Nothing is done where it is there already; the folder appears whole or not at all. Needs disk
    for the archive and what is in it, of which the corpus alone is left. Raises `DataError` as
    `download` does, and for an archive that holds something else.
    """
    folder = to / corpus.name
    if (folder / "metadata.csv").is_file():
        return folder
    if folder.exists():
        raise DataError(f"{folder}: is there, without metadata.csv; choose another folder")
    to.mkdir(parents=True, exist_ok=True)
    archive = to / corpus.url.rpartition("/")[2]
    download(corpus.url, archive, corpus.hash, progress)
    unpacked, made = to / f".{corpus.name}.unpacked", to / f".{corpus.name}.new"
    for left in (unpacked, made):
        shutil.rmtree(left, ignore_errors=True)
    unpack(archive, unpacked, corpus.needed)
    write_corpus(corpus.lay_out(unpacked), made)
    (made / "SOURCE.md").write_text(_source(corpus), encoding="utf-8")
    made.rename(folder)
    shutil.rmtree(unpacked)
    archive.unlink()
    return folder


def unpack(archive: Path, to: Path, needed: tuple[str, ...] = ()) -> None:
    """Unpack a zip or tar file; of a long one only what ends as `needed` says.

    Raises `DataError` for a damaged archive, or one with names that lead out of the folder.
    """
    try:
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive) as zipped:
                for name in zipped.namelist():
                    if not needed or name.endswith(needed):
                        zipped.extract(name, to)
        else:
            with tarfile.open(archive) as tarred:
                for member in tarred:
                    if not needed or member.name.endswith(needed):
                        tarred.extract(member, to, filter="data")
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise DataError(f"{archive}: cannot be unpacked ({error})") from None


def write_corpus(clips: Iterable[PublicClip], folder: Path) -> None:
    """Move the clips into `folder`/wavs and list them. Raises `DataError` naming a missing one."""
    (folder / "wavs").mkdir(parents=True)
    rows = []
    for clip in clips:
        if not clip.path.is_file():
            raise DataError(f"{clip.id}: the archive lacks {clip.path.name}")
        _store(clip.path, folder / "wavs" / clip.id)
        fields = (clip.id, clip.speaker, clip.text, clip.spoken)
        rows.append("|".join(field.replace("|", " ") for field in fields) + "\n")
    if not rows:
        raise DataError("the archive holds no clips")
    (folder / "metadata.csv").write_text("".join(rows), encoding="utf-8")


def _store(sound: Path, to: Path) -> None:
    """WAV and FLAC files move as they are; others (SPHERE) become FLAC."""
    if sound.suffix in _AS_THEY_ARE:
        sound.replace(to.with_name(to.name + sound.suffix))
        return
    import soundfile

    wave, rate = soundfile.read(sound, dtype="int16")
    soundfile.write(to.with_name(f"{to.name}.flac"), wave, rate, subtype="PCM_16")


def _source(corpus: PublicCorpus) -> str:
    return (
        f"# {corpus.title}\n\n"
        f"- from {corpus.url}\n- archive {corpus.hash}\n- licence: {corpus.licence}\n"
        "- laid out by `voxloom corpus get`; sounds as published (SPHERE as FLAC)\n"
    )
