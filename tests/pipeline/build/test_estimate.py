"""What a build will take: from samples, and of a real one what it then takes."""

from pathlib import Path

import pytest

from models.errors import ConfigError
from pipeline.build import estimate as estimates
from pipeline.build.config import load_build_config
from pipeline.build.estimate import Spent, estimate, measure
from pipeline.build.stages import STAGE_NAMES, plan
from tests.tiny_build import run_stages, write_tiny_build
from tests.tiny_voices import TinyVoices


def _spent(sentences: int, once_s: float) -> Spent:
    """10 s once, 0.4 s, 0.1 s of the seal, 300 bytes of mels and 100 of data a sentence."""
    return Spent(
        sentences=sentences,
        shards_s=once_s + 0.4 * sentences,
        seal_s=0.1 * sentences,
        cpu_s={"judge": 0.3 * sentences},
        shard_bytes={"synthesize": 300 * sentences, "judge": 200 * sentences},
        data_bytes=100 * sentences,
        page_bytes=5000,
        cache_bytes=700,
        memory_bytes=1_000_000,
    )


def test_what_is_done_once_is_told_from_what_a_sentence_takes(
    tmp_path: Path, tiny_voices: TinyVoices
) -> None:
    config = load_build_config(write_tiny_build(tmp_path, tiny_voices, 1000, shard_size=100))
    samples = [_spent(8, once_s=10), _spent(24, once_s=0), _spent(96, once_s=0)]
    found = estimate(config, samples, started_s=5)
    sealed_s = 9.6 * (1 + estimates._SEAL_ROW_SHARE * (1000 - 96))
    assert found.hours * 3600 == pytest.approx(5 + 10 + 0.4 * 1000 + sealed_s)
    assert found.cpu_hours["judge"] * 3600 == pytest.approx(300)
    assert found.shard_bytes == pytest.approx({"synthesize": 300_000, "judge": 200_000})
    assert found.dataset_bytes == pytest.approx(105_000)
    assert found.cache_bytes == 700
    in_stages, in_seal = 6 * 300 * (200 - 96), estimates._SEAL_ROW_BYTES * 1000
    assert found.memory_bytes == pytest.approx(1_000_000 + max(in_stages, in_seal))


def test_samples_are_built_aside_and_measured(
    tmp_path: Path, tiny_voices: TinyVoices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimates, "_SAMPLES", (1, 2, 4))
    config = load_build_config(write_tiny_build(tmp_path / "build", tiny_voices, 8, shard_size=4))
    samples = measure(config, tmp_path / "samples")
    assert [sample.sentences for sample in samples] == [2, 4, 8]
    assert not config.work_dir.exists()
    assert not config.output.path.exists()
    assert set(samples[-1].shard_bytes) == set(STAGE_NAMES)
    assert min(samples[-1].cpu_s.values()) >= 0
    assert max(samples[-1].cpu_s.values()) > 0
    built = run_stages(plan(config), workers=2)
    size = sum(file.stat().st_size for file in built.rglob("*") if file.is_file())
    assert estimate(config, samples, 0).dataset_bytes == pytest.approx(size, rel=0.25)


def test_every_sample_has_a_sentence_of_every_source(
    tmp_path: Path, tiny_voices: TinyVoices
) -> None:
    """A tenth of four sentences is none."""
    lines = tmp_path / "lines.txt"
    lines.write_text("\n".join(f"say number {index}" for index in range(100)))
    asks = [f"sentences.files=[{{path: {lines}, share: 0.1}}]", "runtime.workers=1"]
    path = write_tiny_build(tmp_path, tiny_voices, 1000, shard_size=100)
    config = load_build_config(path, asks)
    counts = [estimates._sized(config, rows, tmp_path).sentences.count for rows in (4, 12, 48)]
    assert counts == [10, 18, 54]
    without = load_build_config(path, ["runtime.workers=1"])
    assert estimates._sized(without, 4, tmp_path).sentences.count == 4


def test_a_language_model_is_not_asked_for_an_estimate(checkout: Path, tmp_path: Path) -> None:
    asks = [
        "sentences.language_model.share=0.5",
        "sentences.language_model.model=any",
    ]
    config = load_build_config(checkout / "configs/build/quickstart.yaml", asks)
    with pytest.raises(ConfigError, match=r"--set sentences\.language_model=null"):
        measure(config, tmp_path)
