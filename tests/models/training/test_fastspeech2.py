"""FastSpeech2's recipe with what others made: TextGrids and speaker vectors."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from flows.cli.speakers import add
from models.acoustic.fastspeech2 import FastSpeech2, FastSpeech2Config
from models.acoustic.frames import smooth
from models.checkpoint import load_checkpoint
from models.config import as_mapping, build
from models.errors import ConfigError, TrainingError
from models.mel import MelConfig
from models.phonology.alphabets import tokenize
from models.phonology.phonemes import tokens_of
from models.phonology.word_starts import begins_word, marked_tokens
from models.training import fastspeech2
from models.training.fastspeech2 import (
    FastSpeech2Training,
    measure_pitch_gain,
    measure_residuals,
    measure_variance,
    train_fastspeech2,
)
from models.training.features import Clip, Features
from models.training.prosody import Example, ProsodyLevels
from models.training.ship import ship
from models.voice import Controls, Speech
from tests.models.training.conftest import MEL, TrainingCorpus
from tests.models.training.textgrids import Part, write_textgrid
from tests.tiny_voices import save_tiny_voices

VECTORS = {"anna": [1.0, 0.0, 0.0], "ben": [0.0, 2.0, 0.0]}
TINY = {"dim": 16, "encoder_layers": 1, "decoder_layers": 1, "hidden_dim": 16, "predictor_dim": 16}


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Knows all phones by name and none by sound: it only judges."""
    return save_tiny_voices(tmp_path_factory.mktemp("ears"), MEL).recognizer


@pytest.fixture(scope="module")
def grids(corpus: TrainingCorpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every clip's phones, equally long from 0.1 s on; one clip has no grid."""
    folder = tmp_path_factory.mktemp("grids")
    for clip in corpus.features.clips[1:]:
        words = [word.split() for word in clip.phonemes.split(" ", 1)[1][:-2].split(" | ")]
        phones = [phone for word in words for phone in word if phone != ","]
        step_s = 1.0 / len(phones)
        parts: list[Part] = [
            (phone, 0.1 + n * step_s, 0.1 + (n + 1) * step_s) for n, phone in enumerate(phones)
        ]
        path = folder / clip.speaker / f"{clip.id}.TextGrid"
        write_textgrid(path, {"words": parts, "phones": parts}, short=True)
    return folder


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vectors") / "speakers.npz"
    np.savez(path, **{name: np.array(vector) for name, vector in VECTORS.items()})
    return path


def _config(folder: Path, corpus: TrainingCorpus, recognizer: Path, **changed: Any) -> Any:
    settings = {
        "recipe": "fastspeech2",
        "run": str(folder / "run"),
        "cache": str(corpus.cache),
        "corpus": as_mapping(corpus.config) | {"folders": []},
        "provenance": {"licence": "CC0-1.0", "trained_on": ["hums"]},
        "loop": {"steps": 2, "evaluate_every": 2, "save_every": 2},
        "optimizer": {"learning_rate": 1e-3},
        "recognizer": str(recognizer),
        "frames_per_batch": 600,
        "model": TINY,
    }
    return build(FastSpeech2Training, settings | changed, "test")


def test_textgrids_align_in_place_of_the_recognizer(
    tmp_path: Path,
    corpus: TrainingCorpus,
    recognizer: Path,
    grids: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = _config(
        tmp_path, corpus, recognizer, textgrids={"folder": str(grids), "phones": "ipa"}
    )
    checkpoint = load_checkpoint(train_fastspeech2(config))
    count = len(corpus.features.clips)
    assert f"aligned {count - 1} of {count} clips" in capsys.readouterr().out
    output = {token for clip in corpus.features.clips[1:] for token in tokens_of(clip.phonemes)}
    assert set(checkpoint.symbols) <= output | {"<pad>"}
    assert not list((tmp_path / "run").glob("alignment-*"))


def test_sentences_with_phones_that_training_lacks_are_told_and_others_evaluated(
    tmp_path: Path,
    corpus: TrainingCorpus,
    recognizer: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No held-out sentence can be said: the grids of all others have two phones."""
    sayable = [clip for clip in corpus.features.training() if clip.speaker == "anna"][:4]
    root = tmp_path / "corpus"
    (root / "wavs").mkdir(parents=True)
    rows = []
    for clip in (*sayable, corpus.features.held_out()[0]):
        source = corpus.config.root / "wavs" / f"{clip.id}.wav"
        (root / "wavs" / source.name).symlink_to(source)
        rows.append(f"{clip.id}|{clip.speaker}|x|{clip.text}\n")
        if not clip.held_out:
            line = {"id": clip.id, "phonemes": "^ t ˈaɪ ."}
            with (root / "provenance.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        parts: list[Part] = [("t", 0.1, 0.5), ("ˈaɪ", 0.5, 1.0)]
        write_textgrid(root / f"{clip.id}.TextGrid", {"words": parts, "phones": parts})
    (root / "metadata.csv").write_text("".join(rows), encoding="utf-8")
    config = _config(
        tmp_path,
        corpus,
        recognizer,
        textgrids={"folder": str(root), "phones": "ipa"},
    )
    train_fastspeech2(replace(config, corpus=replace(corpus.config, root=root)))
    output = capsys.readouterr().out
    assert f"left out: {root}/metadata.csv:5: not evaluated: training lacks " in output
    assert "no held-out sentence is left; held out in their place: " in output


def test_repeats_of_speakers_are_checked(
    tmp_path: Path,
    corpus: TrainingCorpus,
    recognizer: Path,
    grids: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(name: str, repeats: dict[str, int]) -> None:
        grid = {"folder": str(grids), "phones": "ipa"}
        changed = {"textgrids": grid, "speaker_repeats": repeats}
        train_fastspeech2(_config(tmp_path / name, corpus, recognizer, **changed))

    run("strange", {"nobody": 5, "ben": 2})
    told = "speaker_repeats: no clips of nobody; there are of anna, ben"
    assert told in capsys.readouterr().out.splitlines()
    run("one", {"ben": 0})
    with pytest.raises(ConfigError, match="speaker_repeats: all are 0; one speaker or more"):
        run("none", {"anna": 0, "ben": 0})
    with pytest.raises(ConfigError, match=r"speaker_repeats\.anna: at least 0, found -1"):
        run("negative", {"anna": -1})


def _mel(model: FastSpeech2, speaker: str) -> torch.Tensor:
    one = torch.ones(1)
    who = torch.tensor([model.speakers.index(speaker)])
    symbols = torch.arange(1, 9)[None]
    return model.synthesize(symbols, torch.tensor([8]), who, Controls(one, one * 0, one, one)).mels


@pytest.mark.parametrize("learned", [True, False])
def test_vectors_from_outside_are_learned_shipped_and_added_to(
    tmp_path: Path,
    corpus: TrainingCorpus,
    recognizer: Path,
    grids: Path,
    vectors: Path,
    learned: bool,
) -> None:
    config = _config(
        tmp_path,
        corpus,
        recognizer,
        textgrids={"folder": str(grids), "phones": "ipa"},
        speaker_vectors=str(vectors),
        model=TINY | {"speaker_vector_dim": 3, "learned_speakers": learned},
    )
    best = train_fastspeech2(config)
    model = load_checkpoint(best).model
    torch.testing.assert_close(model.speaker_vectors, torch.eye(3)[:2])
    assert hasattr(model, "speaker_embedding") == learned

    ship(best, tmp_path / "ben", ("ben",))
    kept = load_checkpoint(tmp_path / "ben").model
    assert torch.equal(_mel(kept, "ben"), _mel(model, "ben"))

    new = tmp_path / "new.json"
    new.write_text('{"zoe": [0, 0, 0.5], "ann": [3, 0, 0]}', encoding="utf-8")
    add(str(best), new, tmp_path / "more")
    more = load_checkpoint(tmp_path / "more").model
    assert more.speakers == ("anna", "ben", "zoe", "ann")
    assert torch.equal(_mel(more, "ben"), _mel(model, "ben"))
    if not learned:  # the same direction is the same voice
        torch.testing.assert_close(_mel(more, "ann"), _mel(more, "anna"), atol=1e-3, rtol=1e-3)


def test_vectors_of_the_config_replace_those_that_the_start_has(
    tmp_path: Path, corpus: TrainingCorpus, recognizer: Path, grids: Path, vectors: Path
) -> None:
    shared = {
        "textgrids": {"folder": str(grids), "phones": "ipa"},
        "model": TINY | {"speaker_vector_dim": 3},
    }
    old = _config(tmp_path / "old", corpus, recognizer, speaker_vectors=str(vectors), **shared)
    new = tmp_path / "new.json"
    new.write_text('{"anna": [0, 0, 1], "ben": [-1, 0, 0]}', encoding="utf-8")
    changed = {"start_from": str(train_fastspeech2(old)), "speaker_vectors": str(new)}
    config = _config(tmp_path / "new", corpus, recognizer, **changed, **shared)
    model = load_checkpoint(train_fastspeech2(config)).model
    assert model.speaker_vectors.tolist() == [[0, 0, 1], [-1, 0, 0]]


def test_a_run_does_not_go_on_with_other_vectors(
    tmp_path: Path, corpus: TrainingCorpus, recognizer: Path, grids: Path
) -> None:
    def run(name: str, steps: int, anna: list[float]) -> Path:
        (tmp_path / name).write_text(json.dumps({"anna": anna, "ben": [0, 1]}), encoding="utf-8")
        config = _config(
            tmp_path,
            corpus,
            recognizer,
            textgrids={"folder": str(grids), "phones": "ipa"},
            model=TINY | {"speaker_vector_dim": 2},
            speaker_vectors=str(tmp_path / name),
            loop={"steps": steps},
        )
        return train_fastspeech2(config)

    run("vectors.json", 1, [1, 0])
    with pytest.raises(TrainingError, match=r"\(speaker_vectors was \w{16}, is \w{16}\); choose"):
        run("vectors.json", 2, [3, 4])
    run("elsewhere.json", 2, [2, 0])  # the same ones: they have length 1


def test_vectors_and_their_size_need_each_other(
    tmp_path: Path, corpus: TrainingCorpus, recognizer: Path, vectors: Path
) -> None:
    with pytest.raises(ConfigError, match=r"speaker_vectors: .*speaker_vector_dim is 0; they need"):
        _config(tmp_path, corpus, recognizer, speaker_vectors=str(vectors))
    with pytest.raises(ConfigError, match=r"speaker_vectors: no file, while .* is 3; they need"):
        _config(tmp_path, corpus, recognizer, model=TINY | {"speaker_vector_dim": 3})


def test_learned_speakers_may_be_absent_only_beside_vectors() -> None:
    with pytest.raises(ValueError, match=r"^learned_speakers: "):
        FastSpeech2Config(learned_speakers=False)


def test_without_vectors_the_state_is_that_of_older_checkpoints() -> None:
    model = FastSpeech2(FastSpeech2Config(dim=8), MelConfig(), ("<pad>", "a"), ("anna",))
    names = {name.partition(".")[0] for name in model.state_dict()}
    assert names == {
        "symbol_embedding",
        "speaker_embedding",
        "encoder",
        "decoder",
        "duration_predictor",
        "pitch_predictor",
        "energy_predictor",
        "pitch_embedding",
        "energy_embedding",
        "final_norm",
        "to_mel",
        "pitch_std",
        "energy_std",
        "mel_mean",
        "mel_std",
        "variance_gain",
        "modulation_gain",
        "pitch_gain",
    }


@pytest.mark.parametrize("variance_of", ["bands", "cepstra"])
def test_gains_of_variance_give_back_what_speech_lacks(
    corpus: TrainingCorpus, monkeypatch: pytest.MonkeyPatch, variance_of: str
) -> None:
    """Speech that is the recording with half of its third coefficient, of the fifth's fast
    modulations and of the last's.
    """
    config = build(FastSpeech2Config, TINY | {"variance_of": variance_of}, "")
    model = FastSpeech2(config, MEL, tuple("ab"), ("anna",))
    model.modulation_gain.fill_(1.4)  # of an evaluation before
    rng = np.random.default_rng(0)
    mels = [_speech_like(rng, MEL.n_mels) for _ in corpus.features.clips]
    found = {clip.id: mel for clip, mel in zip(corpus.features.clips, mels, strict=True)}

    def speak(model: FastSpeech2, clip: Clip) -> Speech:
        cepstra = torch.from_numpy(found[clip.id]) @ model.to_cepstra
        slow = smooth(cepstra[None], torch.ones(1, len(cepstra), 1), model.smoothing)[0]
        middle = cepstra[:, 3].mean()
        cepstra[:, 3] = middle + (cepstra[:, 3] - middle) / 2
        for order in (5, -1):
            cepstra[:, order] = (slow + cepstra)[:, order] / 2
        mel = cepstra @ model.to_cepstra.T
        return Speech(mel.T[None], torch.tensor([len(mel)]), torch.ones(1, 1))

    monkeypatch.setattr(fastspeech2, "speak_clip", speak)
    monkeypatch.setattr(fastspeech2, "unknown_symbols", lambda model, clip: [])
    examples = [Example(clip, *[np.zeros(1)] * 4) for clip in corpus.features.clips]
    features = SimpleNamespace(mel=lambda clip: found[clip.id])
    measure_variance(model, cast("Features", features), examples)
    assert model.variance_gain.ge(1).all()
    if variance_of == "bands":
        assert model.modulation_gain.eq(1).all()
        return
    gains = model.variance_gain, model.variance_gain * model.modulation_gain
    slow, fast = (gain.numpy() for gain in gains)
    assert slow[[1, 3]] == pytest.approx([1.0, 2.0], abs=0.02)
    assert fast[[1, 3]] == pytest.approx([1.0, 2.0], abs=0.02)
    assert 1.6 < fast[5] <= 2.0  # what is left of them at the border counts in part as slow
    assert slow[5] < fast[5] - 0.2
    assert model.modulation_gain[16:].eq(1).all()  # harmonics and noise


def _speech_like(rng: np.random.Generator, n_mels: int) -> np.ndarray:
    """Steps of four frames about as loud as each other, each with a spectrum of its own."""
    return np.repeat(rng.normal(size=(50, n_mels)), 4, axis=0).astype(np.float32)


def test_frame_pitch_goes_on_from_a_model_without(
    tmp_path: Path,
    corpus: TrainingCorpus,
    recognizer: Path,
    grids: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grid = {"textgrids": {"folder": str(grids), "phones": "ipa"}}
    old = train_fastspeech2(_config(tmp_path / "old", corpus, recognizer, **grid))
    weights = {"mel": 1, "duration": 1, "pitch": 1, "energy": 1, "contour": 1, "voicing": 1}
    config = _config(
        tmp_path / "new",
        corpus,
        recognizer,
        start_from=str(old),
        model=TINY | {"frame_pitch": True, "frame_pitch_dim": 8},
        loss_weights=weights,
        optimizer={"learning_rate": 1e-9},
        **grid,
    )
    measured: list[Example] = []

    def measure(model: FastSpeech2, levels: ProsodyLevels, examples: list[Example]) -> None:
        measured.extend(examples)
        measure_residuals(model, levels, examples)

    monkeypatch.setattr(fastspeech2, "measure_residuals", measure)
    model = load_checkpoint(train_fastspeech2(config)).model
    before = load_checkpoint(old).model
    torch.testing.assert_close(
        model.speaker_embedding.weight, before.speaker_embedding.weight, atol=1e-3, rtol=0
    )
    assert model.log_pitch.exp().tolist() == pytest.approx([220.0, 110.0], rel=0.02)
    assert 1 <= model.pitch_gain <= 1.5
    assert model.residual_std.gt(0).all()
    assert model.residual_memory.ge(0).all()
    assert measured
    assert all(example.clip.held_out for example in measured), "it was not trained on these"
    with pytest.raises(ConfigError, match=r"loss_weights: .*contour, voicing"):
        _config(tmp_path, corpus, recognizer, model=TINY | {"frame_pitch": True})


def test_the_gain_of_pitch_lies_between_what_known_and_unknown_sentences_ask_for(
    corpus: TrainingCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recordings move 1.44 times as far in one set, as far in the other; pitch grows with its
    gain.
    """
    model = FastSpeech2(FastSpeech2Config(**TINY), MEL, tuple("ab"), ("anna",))
    melody = torch.linspace(-0.2, 0.2, 101)

    def speak(model: FastSpeech2, clip: Clip) -> Speech:
        hertz = 200 * (model.pitch_gain * melody).exp()
        silence = torch.zeros(1, MEL.n_mels, len(melody))
        lengths = torch.tensor([len(melody)])
        return Speech(silence, lengths, torch.ones(1, 1), pitch_hz=hertz[None])

    monkeypatch.setattr(fastspeech2, "speak_clip", speak)
    monkeypatch.setattr(fastspeech2, "unknown_symbols", lambda model, clip: [])
    known, unknown = ([Example(clip, *[np.zeros(1)] * 4)] for clip in corpus.features.clips[:2])
    moved = {known[0].clip.id: 1.0, unknown[0].clip.id: 1.44}
    pitch = SimpleNamespace(pitch=lambda clip: 200 * np.exp(moved[clip.id] * melody.numpy()))
    measure_pitch_gain(model, cast("Features", pitch), known, unknown)
    assert float(model.pitch_gain) == pytest.approx(1.2, abs=0.01)


def test_where_words_begin_is_learned_by_a_model_that_goes_on_from_one_without(
    tmp_path: Path, corpus: TrainingCorpus, recognizer: Path, grids: Path
) -> None:
    grid = {"textgrids": {"folder": str(grids), "phones": "ipa"}}
    old = train_fastspeech2(_config(tmp_path / "old", corpus, recognizer, **grid))
    changed = {"start_from": str(old), "model": TINY | {"word_starts": True}}
    config = _config(tmp_path / "new", corpus, recognizer, **grid, **changed)
    checkpoint = load_checkpoint(train_fastspeech2(config))
    phonemes = corpus.features.clips[1].phonemes
    read = [checkpoint.symbols[i] for i in tokenize("ipa", checkpoint.symbols, "", phonemes).ids]
    assert read == marked_tokens(phonemes)
    assert checkpoint.model.word_start.ne(0).all()
    assert not any(map(begins_word, load_checkpoint(old).symbols))


def test_discriminators_of_mels_learn_beside_the_model_and_do_not_ship(
    tmp_path: Path,
    corpus: TrainingCorpus,
    recognizer: Path,
    grids: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    grid = {"textgrids": {"folder": str(grids), "phones": "ipa"}}
    old = train_fastspeech2(_config(tmp_path / "old", corpus, recognizer, **grid))
    losses = ("mel", "duration", "pitch", "energy", "adversarial", "feature")
    config = _config(
        tmp_path / "new",
        corpus,
        recognizer,
        start_from=str(old),
        discriminators={"width": 4, "windows": [16, 32]},
        discriminators_optimizer={"learning_rate": 1e-3},
        loss_weights=dict.fromkeys(losses, 1.0),
        loop={"steps": 2, "evaluate_every": 2, "save_every": 2, "log_every": 1},
        **grid,
    )
    best = train_fastspeech2(config)
    printed = capsys.readouterr().out
    assert all(f"{name} " in printed for name in (*losses, "discriminators"))
    before, after = load_checkpoint(old).model, load_checkpoint(best).model
    assert before.state_dict().keys() == after.state_dict().keys()
    assert not torch.equal(before.to_mel.weight, after.to_mel.weight)
    state = torch.load(tmp_path / "new" / "run" / "state.pt", weights_only=True)
    assert state["modules"].keys() == {"generator", "discriminators"}


def test_discriminators_their_optimizer_and_their_losses_need_each_other(
    tmp_path: Path, corpus: TrainingCorpus, recognizer: Path
) -> None:
    with pytest.raises(ConfigError, match=r"loss_weights: .*adversarial, feature"):
        _config(tmp_path, corpus, recognizer, discriminators={"width": 4})
    with pytest.raises(ConfigError, match="they need discriminators_optimizer"):
        _config(tmp_path, corpus, recognizer, discriminators_optimizer={"learning_rate": 1e-3})
