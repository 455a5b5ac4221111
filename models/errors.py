"""Errors whose message is written for the person at the keyboard."""


class VoxloomError(Exception):
    """Something the user can put right. The message says what, where, and what is allowed."""


class ConfigError(VoxloomError):
    """A config file, a key in it or its value is wrong; raised before any work is done."""


class DataError(VoxloomError):
    """A template, lexicon, corpus, sound file or dataset is missing or cannot be used."""


class CheckpointError(VoxloomError):
    """A checkpoint is missing, damaged, of an unknown kind, or does not fit its neighbour."""


class TrainingError(VoxloomError):
    """A training run cannot go on (for instance: the loss is no longer finite)."""
