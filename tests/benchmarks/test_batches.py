"""Every size of batch speaks the same sentences."""

from pathlib import Path

from benchmarks.batches import measure, spoken_sentences
from pipeline.build.config import load_build_config
from pipeline.speech.batches import Budget
from tests.tiny_build import write_tiny_build
from tests.tiny_voices import TinyVoices


def test_alone_and_in_batches(tmp_path: Path, tiny_voices: TinyVoices) -> None:
    config = load_build_config(write_tiny_build(tmp_path, tiny_voices))
    spoken = spoken_sentences(config, 4)
    for budget in (None, Budget(256)):
        rates = measure(spoken, config.voice, "cpu", budget)
        assert 0 < rates.both < min(rates.acoustic_model, rates.vocoder)
