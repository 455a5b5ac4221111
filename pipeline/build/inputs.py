"""The files that the rows of a build depend on: their digests, and whether they have changed."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from models import content
from models.checkpoint import checkpoint_digest, checkpoint_files
from models.config import resolve_path
from models.errors import DataError
from models.file_state import FileState, file_state
from pipeline.augment.augmenter import augment_digest, augment_files
from pipeline.augment.sounds.babble import babble_key
from pipeline.build.config import BuildConfig
from pipeline.dataset.existing_sentences import existing_sentences_of
from pipeline.dataset.files import REJECTS_FILE, data_files, file_digest
from pipeline.domain.domains import domain_files, pronunciations_digest
from pipeline.judging.named_judges import whisper_files
from pipeline.sentences.generate import sentence_files, sentences_digest
from pipeline.sentences.own.recordings import recorded_files, recordings_digest
from pipeline.speech.sources import files_of_sources, has_ours
from pipeline.text.pronunciations import lexicon_digest

EXISTING = "existing_sentences"
_SAID = "domain_pronunciations"  # of domains whose lexicons say how words are spoken
States = Mapping[str, FileState]  # by path


@dataclass(frozen=True)
class Inputs:
    """The files of a build as they were when it was planned, by what they are: a digest, and the
    state of each file. Of the sentences of a dataset that is extended, too.
    """

    digests: Mapping[str, str]
    states: Mapping[str, States]

    @property
    def recorded(self) -> dict[str, str]:
        """The digests of what the rows are made of, for `build.json`."""
        return {use: digest for use, digest in self.digests.items() if use != EXISTING}


@dataclass(frozen=True)
class _Use:
    """Files that serve one purpose: their key, and their locations."""

    digest: Callable[[], str]
    files: Callable[[], Iterable[Path]]


def inputs_of(config: BuildConfig, extends: Path | None = None) -> Inputs:
    """The files of the build as they are now; `extends` is the dataset that it adds to."""
    uses = _uses(config, extends)
    states = {use: _states(files) for use, files in uses.items()}
    return Inputs(_digests(uses), states)


def used_digests(config: BuildConfig) -> dict[str, str]:
    """The digests of all files that the rows depend on, by what they are."""
    return _digests(_uses(config))


def _digests(uses: Mapping[str, _Use]) -> dict[str, str]:
    digests = {use: files.digest() for use, files in uses.items()}
    return {use: digest for use, digest in digests.items() if digest or use != _SAID}


def check_unchanged(
    inputs: Inputs, config: BuildConfig, loaded: Iterable[str], extends: Path | None = None
) -> dict[str, States]:
    """The states of the files of the uses `loaded`, now.

    Raises `DataError` naming the file that is not what it was when the build was planned. A file
    that was only touched, or put back, is told by its digest and passes.
    """
    uses, found = _uses(config, extends), dict[str, States]()
    for use in inputs.digests.keys() & set(loaded):
        before, now = inputs.states[use], _states(uses[use])
        if now != before and uses[use].digest() != inputs.digests[use]:
            raise _changed(before, now)
        found[use] = now
    return found


def _changed(before: States, now: States) -> DataError:
    other = sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
    how = "is gone" if other[0] not in now else "has changed"
    how = "is new" if other[0] not in before else how
    more = f", and {len(other) - 1} other" if len(other) > 1 else ""
    return DataError(
        f"{other[0]}: {how}{more} since the build began; nothing was made of it: "
        "run the build again to use what is there now"
    )


def _states(use: _Use) -> States:
    try:
        return {str(path): file_state(path) for path in use.files()}
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be read ({error.strerror})") from None


def _uses(config: BuildConfig, extends: Path | None = None) -> dict[str, _Use]:
    ours = has_ours(config.voice.sources)
    checkpoints = {
        "acoustic_model": config.voice.acoustic_model if ours else None,
        "vocoder": config.voice.vocoder if ours else None,
        "recognizer": config.judge.recognizer,
    }
    return {
        **_own_uses(config),
        "sentences": _Use(
            lambda: sentences_digest(config.sentences), lambda: sentence_files(config.sentences)
        ),
        "sounds": _Use(
            lambda: augment_digest(config.augment), lambda: augment_files(config.augment)
        ),
        **{use: _checkpoint(name) for use, name in checkpoints.items() if name},
        **({EXISTING: _existing(extends)} if extends else {}),
    }


def _own_uses(config: BuildConfig) -> dict[str, _Use]:
    """Those that not every build has."""
    uses: dict[str, _Use] = {}
    marks, lexicons, babble = config.output.drop, config.text.pronunciations, config.augment.babble
    if marks:
        uses["marks"] = _Use(
            lambda: file_digest(resolve_path(marks)), lambda: [resolve_path(marks)]
        )
    if voices := files_of_sources(config.voice.sources):
        uses["voices"] = _Use(lambda: _joint_digest(voices), lambda: voices)
    if own := config.sentences.recordings:
        uses["recordings"] = _Use(
            lambda: recordings_digest(own), lambda: [p for one in own for p in recorded_files(one)]
        )
    if words := config.judge.words:
        heard_by = whisper_files(words)
        uses["whisper"] = _Use(lambda: _joint_digest(heard_by), lambda: heard_by)
    if lexicons:
        paths = [resolve_path(path) for path in lexicons]
        uses["pronunciations"] = _Use(lambda: lexicon_digest(lexicons), lambda: paths)
    domain = config.sentences.domain
    if domain is not None:
        uses[_SAID] = _Use(lambda: pronunciations_digest(domain), lambda: domain_files(domain))
    if babble:
        names = (babble.checkpoint, babble.vocoder)
        uses["babble"] = _Use(
            lambda: babble_key(babble, config.seed),
            lambda: [path for name in names for path in checkpoint_files(name)],
        )
    return uses


def _joint_digest(paths: Iterable[Path]) -> str:
    return hashlib.blake2b(b"".join(map(content.file_digest, paths)), digest_size=8).hexdigest()


def _checkpoint(name: str) -> _Use:
    return _Use(partial(checkpoint_digest, name), partial(checkpoint_files, name))


def _existing(dataset: Path) -> _Use:
    return _Use(
        lambda: existing_sentences_of(dataset).digest,
        lambda: [*data_files(dataset), dataset / REJECTS_FILE],
    )
