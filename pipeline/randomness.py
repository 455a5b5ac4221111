"""Seeded draws that depend on nothing but the build, the stage and the utterance."""

import hashlib

import numpy as np


def rng_for(build_seed: int, stage: str, utterance_id: str = "") -> np.random.Generator:
    """A generator of its own for one utterance in one stage.

    The same three arguments give the same draws in any process, shard, batch or order.
    """
    name = f"{build_seed}\x1f{stage}\x1f{utterance_id}".encode()
    digest = hashlib.blake2b(name, digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))
