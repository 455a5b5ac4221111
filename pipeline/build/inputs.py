"""The files that the rows of a build depend on, by their digests."""

from models.checkpoint import checkpoint_digest
from models.config import resolve_path
from pipeline.augment.augmenter import augment_digest
from pipeline.augment.sounds.babble import babble_key
from pipeline.build.config import BuildConfig
from pipeline.dataset.files import file_digest
from pipeline.sentences.generate import sentences_digest
from pipeline.text.pronunciations import lexicon_digest


def used_digests(config: BuildConfig) -> dict[str, str]:
    """The digests of all files that the rows depend on, by what they are."""
    checkpoints = {
        "acoustic_model": config.voice.acoustic_model,
        "vocoder": config.voice.vocoder,
        "recognizer": config.judge.recognizer,
    }
    babble, pronunciations = config.augment.babble, config.text.pronunciations
    marks = config.output.drop
    return {
        **({"marks": file_digest(resolve_path(marks))} if marks else {}),
        **({"pronunciations": lexicon_digest(pronunciations)} if pronunciations else {}),
        **({"babble": babble_key(babble, config.seed)} if babble else {}),
        "sentences": sentences_digest(config.sentences),
        "sounds": augment_digest(config.augment),
        **{use: checkpoint_digest(name) for use, name in checkpoints.items() if name},
    }
