from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.checkpoint import load_checkpoint
from models.training.align import align_corpus
from models.training.corpus import CorpusConfig, read_corpora
from models.training.features import prepare_features
from models.training.public_corpora.prepare import prepare_corpus

SENTENCES = tuple(f"turn on the light number {number}" for number in ("one", "two", "six"))


@pytest.fixture
def corpus(tmp_path: Path) -> CorpusConfig:
    """Three sentences by two who hum, one of them too short."""
    (tmp_path / "wavs").mkdir()
    rng = np.random.default_rng(1)
    lines = []
    for number, text in enumerate(SENTENCES):
        for speaker in ("anna", "ben"):
            duration_s = 0.2 if (number, speaker) == (0, "ben") else 2.0
            wave = 0.1 * rng.standard_normal(round(22_050 * duration_s))
            soundfile.write(tmp_path / f"wavs/{speaker}{number}.wav", wave, 22_050)
            lines.append(f"{speaker}{number}|{speaker}|{text}|{text}\n")
    (tmp_path / "metadata.csv").write_text("".join(lines))
    return CorpusConfig(root=tmp_path, held_out=0.5)


def test_a_corpus_is_checked_split_measured_and_aligned(
    corpus: CorpusConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recognizer, output = load_checkpoint("recognizer"), list[str]()
    cache = tmp_path / "cache"
    figures = prepare_corpus(corpus, recognizer, cache, output.append)
    assert set(figures) == {"anna", "ben"}
    assert figures["anna"].clips == figures["ben"].clips == 3
    assert figures["anna"].minutes == pytest.approx(6 / 60)
    assert figures["ben"].left_out == figures["anna"].left_out + 1
    assert figures["anna"].held_out == sum(
        clip.held_out for clip in read_corpora(corpus) if clip.speaker == "anna"
    )
    assert [message for message in output if message.startswith(("features: ", "aligning "))]
    # A training run finds all of it.
    monkeypatch.setattr("models.training.features._compute", None)
    monkeypatch.setattr("models.training.align.align", None)
    align_corpus(prepare_features(corpus, recognizer.mel, cache), recognizer, cache)


def test_files_that_are_no_sound_and_lines_listed_twice_are_told(
    corpus: CorpusConfig, tmp_path: Path
) -> None:
    metadata = corpus.root / "metadata.csv"
    metadata.write_text(metadata.read_text() + metadata.read_text().partition("\n")[0])
    (corpus.root / "wavs" / "anna1.wav").write_bytes(b"no sound")
    output = list[str]()
    prepare_corpus(corpus, load_checkpoint("recognizer"), tmp_path / "cache", output.append)
    told = " ".join(output)
    assert f"{metadata}:3: no sound that can be read: " in told
    assert f"{metadata}:7: listed before: anna0 is that of line 1" in told
