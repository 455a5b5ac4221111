"""The most distinct voices of a build."""

import numpy as np
import pytest

from models.errors import ConfigError
from pipeline.probe.distinct_voices import distinct_voices, most_distinct
from pipeline.speech.synthesize import VoiceConfig
from pipeline.speech.voices import GeneratedVoices


def test_each_group_of_like_voices_is_chosen_from_once() -> None:
    rng = np.random.default_rng(0)
    groups = np.eye(16)[:4]
    rows = np.repeat(groups, 5, axis=0) + 0.05 * rng.normal(size=(20, 16))
    vectors = {f"{index // 5}-{index % 5}": row for index, row in enumerate(rows)}
    vectors = {name: row / np.linalg.norm(row) for name, row in vectors.items()}
    chosen = most_distinct(vectors, 4)
    assert {name[0] for name in chosen} == set("0123")
    assert most_distinct(vectors, 2) == chosen[:2]


def test_a_man_and_a_woman_are_farther_apart_than_a_voice_and_one_mixed_of_it() -> None:
    speakers = dict.fromkeys(("ljspeech", "mix(ljspeech,kathleen,0.05)", "an4-msrb"), 1.0)
    chosen = distinct_voices(VoiceConfig(speakers=speakers), 1, 2, "speaker-encoder")
    assert "an4-msrb" in chosen


def test_no_more_can_be_chosen_than_there_are() -> None:
    config = VoiceConfig(speakers={"generated": 1.0}, generated=GeneratedVoices(3))
    with pytest.raises(ConfigError, match="--count: from 2 to 3, the voices there are; found 4"):
        distinct_voices(config, 1, 4, "speaker-encoder")
