"""Sound pools: the sounds that a chain draws from, by split."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from models.config import resolve_path
from models.errors import DataError
from pipeline.augment.links import BackgroundNoise
from pipeline.augment.links.link import Link, SoundPool
from pipeline.augment.links.noise import MELNET, OWN_SPEECH, class_shares
from pipeline.augment.sounds.library import SoundLibrary, load_sounds
from pipeline.splits import deal, used_splits

Libraries = Mapping[str, SoundLibrary]  # by folder, as the config names it


def folders_of(links: Sequence[Link]) -> dict[str, Path]:
    """Every folder of sounds once, in the order of the links."""
    return {name: path for link in links for name, path in link.folders().items()}


def load_libraries(
    links: Sequence[Link], sample_rate: int, cache: Path | None = None
) -> dict[str, SoundLibrary]:
    """The libraries of sounds that `links` draw from.

    Raises `DataError` naming the folder, the file or the noise class that cannot be used.
    """
    rooms = {name for link in links if link.licence == "room" for name in link.folders()}
    libraries = {
        name: load_sounds(
            resolve_path(folder),
            sample_rate,
            "room" if name in rooms else "noise",
            cache,
            is_noise=name not in rooms,
        )
        for name, folder in folders_of(links).items()
    }
    _check_names(libraries)
    for link in links:
        if isinstance(link, BackgroundNoise):
            _check_classes(link, libraries[str(link.folder)])
    return libraries


def sound_pools_of(
    links: Sequence[Link],
    libraries: Libraries,
    sample_rate: int,
    split: Mapping[str, float] | None,
    split_sources: bool | None,
) -> dict[str, SoundPool]:
    """Split -> the pool of sounds that its clips draw from.

    With `split_sources` no recording is at hand in two of them; with None that holds for the
    folders that have enough recordings. The dataset's own speech is always that of the split.
    Without a `split` the one pool is called `""`. Raises `DataError` naming the folder that has too
    few.
    """
    if not split:
        return {"": SoundPool(sample_rate, libraries, libraries)}
    names = used_splits(split)
    parts = {
        folder: _parts(links, folder, library, split, split_sources)
        for folder, library in libraries.items()
    }
    stretches = [(index / len(names), (index + 1) / len(names)) for index in range(len(names))]
    if split_sources is False:
        stretches = [(0.0, 1.0)] * len(names)
    return {
        name: SoundPool(
            sample_rate,
            libraries,
            {folder: part[name] for folder, part in parts.items()},
            stretch,
        )
        for name, stretch in zip(names, stretches, strict=True)
    }


def _parts(
    links: Sequence[Link],
    folder: str,
    library: SoundLibrary,
    split: Mapping[str, float],
    split_sources: bool | None,
) -> dict[str, SoundLibrary]:
    """Split -> the sounds of `library` that it may use: its own, or all where they are too few."""
    names = used_splits(split)
    if folder == OWN_SPEECH:  # clips of the dataset, whose class is the split of their rows
        return {name: replace(library, sounds=library.by_class.get(name, ())) for name in names}
    whole = dict.fromkeys(names, library)
    if folder == MELNET or split_sources is False:
        return whole  # of a MelNet's one recording each split has a stretch
    wanted = _wanted(links, folder, library)
    groups = {
        name: [sound.recording for sound in library.by_class[name]]
        for name in library.by_class
        if any(name in shares for shares in wanted)
    }
    dealt = deal(groups, split)
    parts = {
        name: replace(
            library,
            sounds=tuple(sound for sound in library.sounds if dealt.get(sound.recording) == name),
        )
        for name in names
    }
    if all(shares.keys() & part.by_class.keys() for shares in wanted for part in parts.values()):
        return parts
    if split_sources:
        raise DataError(
            f"augment.split_sources: {folder} has {len(dealt)} recordings to draw from; "
            f"{', '.join(names)} need one each: add some, or set it to false"
        )
    return whole


def _wanted(links: Sequence[Link], folder: str, library: SoundLibrary) -> list[dict[str, float]]:
    """For each link that draws from `folder`: the classes it draws, with their shares."""
    return [
        class_shares(link.classes if isinstance(link, BackgroundNoise) else {}, library)
        for link in links
        if folder in link.libraries()
    ]


def _check_names(libraries: Libraries) -> None:
    """A row names a sound by its folder's last name and its path: they must not clash."""
    seen: dict[str, str] = {}
    for folder, library in libraries.items():
        for source in library.by_source:
            if source in seen:
                raise DataError(
                    f"{folder} and {seen[source]} both hold a sound that rows would call "
                    f"{source}; rename one of the folders"
                )
            seen[source] = folder


def _check_classes(link: BackgroundNoise, library: SoundLibrary) -> None:
    for name in link.classes:
        if name not in library.by_class:
            known = ", ".join(library.by_class)
            raise DataError(f"{link.folder}: no noise class {name!r}; it has {known}")
