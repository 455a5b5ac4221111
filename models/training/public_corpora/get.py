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


def get_corpus(
    corpus: PublicCorpus,
    to: Path,
    progress: Progress = lambda *_: None,
    unpacked: Path | None = None,
) -> Path:
    """The corpus in the folder `to`/NAME: `metadata.csv`, `wavs/` and `SOURCE.md`.

    Nothing is done where it is there already; the folder appears whole or not at all. Needs disk
    for the archive and what is in it, of which the corpus alone is left; the folder `unpacked`
    stands for the archive, and is copied from. Raises `DataError` as `download` does, for an
    archive that holds something else, and where one can be had by its folder alone.
    """
    folder = to / corpus.name
    if (folder / "metadata.csv").is_file():
        return folder
    if folder.exists():
        raise DataError(f"{folder}: is there, without metadata.csv; choose another folder")
    if unpacked is None and not corpus.hash:
        raise DataError(
            f"{corpus.name}: no hash of an archive is published; "
            f"git clone {corpus.url}, then give its folder with --from"
        )
    to.mkdir(parents=True, exist_ok=True)
    made = to / f".{corpus.name}.new"
    shutil.rmtree(made, ignore_errors=True)
    if unpacked is not None:
        write_corpus(corpus.lay_out(unpacked), made, keep=True)
    else:
        _download_into(made, corpus, to, progress)
    (made / "SOURCE.md").write_text(_source(corpus), encoding="utf-8")
    made.rename(folder)
    return folder


def _download_into(made: Path, corpus: PublicCorpus, to: Path, progress: Progress) -> None:
    archive, unpacked = to / corpus.url.rpartition("/")[2], to / f".{corpus.name}.unpacked"
    download(corpus.url, archive, corpus.hash, progress)
    shutil.rmtree(unpacked, ignore_errors=True)
    unpack(archive, unpacked, corpus.needed)
    write_corpus(corpus.lay_out(unpacked), made)
    shutil.rmtree(unpacked)
    archive.unlink()


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


def write_corpus(clips: Iterable[PublicClip], folder: Path, keep: bool = False) -> None:
    """Move the clips into `folder`/wavs, or copy what is to `keep`, and list them. Raises
    `DataError` naming a missing one.
    """
    (folder / "wavs").mkdir(parents=True)
    rows = []
    for clip in clips:
        if not clip.path.is_file():
            raise DataError(f"{clip.id}: the archive lacks {clip.path.name}")
        _store(clip.path, folder / "wavs" / clip.id, keep)
        fields = (clip.id, clip.speaker, clip.text, clip.spoken)
        rows.append("|".join(field.replace("|", " ") for field in fields) + "\n")
    if not rows:
        raise DataError("the archive holds no clips")
    (folder / "metadata.csv").write_text("".join(rows), encoding="utf-8")


def _store(sound: Path, to: Path, keep: bool) -> None:
    """WAV and FLAC files move as they are; others (SPHERE) become FLAC."""
    suffix = sound.suffix.lower()
    if suffix in _AS_THEY_ARE:
        store = shutil.copyfile if keep else shutil.move
        store(sound, to.with_name(to.name + suffix))
        return
    import soundfile

    wave, rate = soundfile.read(sound, dtype="int16")
    soundfile.write(to.with_name(f"{to.name}.flac"), wave, rate, subtype="PCM_16")


def _source(corpus: PublicCorpus) -> str:
    archive = f"archive {corpus.hash}" if corpus.hash else "laid out from a folder, without a hash"
    return (
        f"# {corpus.title}\n\n"
        f"- from {corpus.url}\n- {archive}\n- licence: {corpus.licence}\n"
        "- laid out by `voxloom corpus get`; sounds as published (SPHERE as FLAC)\n"
    )
