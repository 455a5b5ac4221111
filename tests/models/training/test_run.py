"""Every recipe from its YAML file to a checkpoint, on a corpus of hums."""

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook

from models.checkpoint import load_checkpoint
from models.config import as_mapping, build
from models.errors import CheckpointError, ConfigError, DataError, TrainingError
from models.lock import only_process_on
from models.mel import MelConfig
from models.training.fastspeech2 import FastSpeech2Task
from models.training.features import Clip, write_features
from models.training.harmonic import HarmonicTask
from models.training.hifigan import HifiGanTask, HifiGanTraining
from models.training.measured import Measured
from models.training.melgan import MelGanTask
from models.training.recognizer import RecognizerTask
from models.training.run import train
from models.training.ship import ship
from models.training.tacotron2 import Tacotron2Task
from models.training.vocoder import open_corpus, without_weight_norm
from models.training.vocos import VocosTask, VocosTraining
from tests.models.training.conftest import MEL, TrainingCorpus
from tests.tiny_voices import save_tiny_voices

LOOP = {
    "steps": 3,
    "log_every": 1,
    "evaluate_every": 2,
    "save_every": 2,
}
OPTIMIZER = {"learning_rate": 1e-3, "warmup_steps": 2}
VOCODER = {
    "mel": as_mapping(MEL),
    "discriminators_from_step": 1,
    "segment_frames": 16,
    "batch_size": 2,
    "discriminators_optimizer": OPTIMIZER,
}
RECIPES: dict[str, dict[str, Any]] = {
    "recognizer": {
        "mel": as_mapping(MEL),
        "model": {"dim": 16, "hidden_dim": 16, "num_layers": 1},
        "frames_per_batch": 600,
    },
    "vocos": VOCODER
    | {
        "model": {"dim": 16, "hidden_dim": 16, "num_layers": 1},
        "discriminators": {"width": 2, "periods": [3], "fft_sizes": [256]},
    },
    "harmonic": {
        "mel": as_mapping(MEL),
        "model": {
            "dim": 16,
            "hidden_dim": 16,
            "num_layers": 1,
            "knots": 12,
            "pitch_dim": 8,
            "pitch_layers": 1,
        },
        "segment_frames": 16,
        "batch_size": 2,
        "fft_sizes": [256, 64],
    },
    "hifigan": VOCODER
    | {
        "model": {
            "channels": 32,
            "upsample_rates": [16, 16],
            "upsample_kernels": [32, 32],
            "block_kernels": [3],
            "block_dilations": [[1, 2]],
        },
        "discriminators": {"width": 4, "periods": [3], "scales": 2, "fft_sizes": []},
        "optimizer": OPTIMIZER | {"schedule": "epoch", "decay": 0.999},
    },
    "melgan": VOCODER
    | {
        "mel": as_mapping(MEL) | {"padding": "center", "log": "log10", "floor": 1e-10},
        "model": {"channels": 32, "upsample_rates": [16, 16], "stacks": 1},
        "discriminators": {"scales": 2, "channels": 4, "max_channels": 8, "downsample_scales": [4]},
        "reverse_labels_every": 2,
    },
    "fastspeech2": {
        "model": {
            "dim": 16,
            "encoder_layers": 1,
            "decoder_layers": 1,
            "hidden_dim": 16,
            "predictor_dim": 16,
        },
        "frames_per_batch": 600,
        "speaker_repeats": {"ben": 2},
    },
    "tacotron2": {
        "mel": as_mapping(MEL),
        "model": {
            "encoder_dim": 16,
            "attention_rnn_dim": 16,
            "prenet_dim": 16,
            "decoder_rnn_dim": 16,
            "postnet_dim": 16,
            "frames_per_step": 3,
            "max_steps": 12,
        },
        "frames_per_batch": 300,
    },
}
TASKS: dict[str, Any] = {
    "recognizer": RecognizerTask,
    "harmonic": HarmonicTask,
    "vocos": VocosTask,
    "hifigan": HifiGanTask,
    "melgan": MelGanTask,
    "fastspeech2": FastSpeech2Task,
    "tacotron2": Tacotron2Task,
}


def write_config(folder: Path, recipe: str, corpus: TrainingCorpus, **changed: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "recipe": recipe,
        "run": str(folder / "run"),
        "cache": str(corpus.cache),
        "corpus": {"root": str(corpus.config.root), "held_out": corpus.config.held_out},
        "provenance": {"licence": "CC0-1.0", "trained_on": ["hums"]},
        "loop": LOOP,
        "optimizer": OPTIMIZER,
        **RECIPES[recipe],
        **changed,
    }
    path = folder / "train.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def recognizer(corpus: TrainingCorpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recognizer that knows the corpus's phones, and little about them."""
    return train(write_config(tmp_path_factory.mktemp("ears"), "recognizer", corpus))


@pytest.fixture(scope="session", params=list(RECIPES))
def recipe(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def extra(recipe: str, recognizer: Path) -> dict[str, Any]:
    return {"recognizer": str(recognizer)} if recipe in ("fastspeech2", "tacotron2") else {}


@pytest.fixture(scope="session")
def straight(
    recipe: str,
    extra: dict[str, Any],
    corpus: TrainingCorpus,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The best checkpoint of a run of this recipe."""
    return train(write_config(tmp_path_factory.mktemp(recipe), recipe, corpus, **extra))


@pytest.fixture(scope="session")
def hifigan(corpus: TrainingCorpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(write_config(tmp_path_factory.mktemp("hifigan"), "hifigan", corpus))


def _tensors(value: Any, index: str = "") -> dict[str, torch.Tensor]:
    """All tensors of a nested state by their place in it."""
    if isinstance(value, torch.Tensor):
        return {index: value}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found: dict[str, torch.Tensor] = {}
    for key, item in items:
        if isinstance(item, (dict, list, tuple, torch.Tensor)):
            found |= _tensors(item, f"{index}/{key}")
    return found


def test_killed_and_resumed_run_equals_a_straight_one(
    tmp_path: Path,
    corpus: TrainingCorpus,
    recipe: str,
    extra: dict[str, Any],
    straight: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    halting = write_config(tmp_path / "halting", recipe, corpus, **extra)
    make_batch = TASKS[recipe].batch

    def killed_after_two(task: Any, step: int) -> Any:
        if step == 2:
            raise KeyboardInterrupt
        return make_batch(task, step)

    with monkeypatch.context() as patched:
        patched.setattr(TASKS[recipe], "batch", killed_after_two)
        with pytest.raises(KeyboardInterrupt):
            train(halting)
    capsys.readouterr()
    resumed = train(halting)
    assert "at step 2" in capsys.readouterr().out
    expected, found = (
        _tensors(torch.load(best.parent / "state.pt", weights_only=True))
        for best in (straight, resumed)
    )
    assert len(expected) > 30
    assert expected.keys() == found.keys()
    assert [name for name in expected if not torch.equal(expected[name], found[name])] == []


def test_a_run_is_not_resumed_with_other_settings_of_the_same_shapes(
    tmp_path: Path, corpus: TrainingCorpus, recipe: str, extra: dict[str, Any], straight: Path
) -> None:
    state = torch.load(straight.parent / "state.pt", weights_only=True)
    assert state["identity"]["kind"] == recipe
    state["identity"]["mel"]["f_min"] = 1.0
    (tmp_path / "run").mkdir()
    torch.save(state, tmp_path / "run" / "state.pt")
    with pytest.raises(TrainingError, match=r"mel\.f_min was 1\.0, is 0\.0"):
        train(write_config(tmp_path, recipe, corpus, **extra))


def test_a_run_is_not_resumed_with_other_speakers_of_the_same_number(
    tmp_path: Path, corpus: TrainingCorpus, recognizer: Path
) -> None:
    root = tmp_path / "corpus"
    root.mkdir()
    (root / "wavs").symlink_to(corpus.config.root / "wavs")
    metadata = (corpus.config.root / "metadata.csv").read_text("utf-8")
    path = write_config(tmp_path, "fastspeech2", corpus, recognizer=str(recognizer))
    elsewhere = [f"corpus.root={root}", f"cache={tmp_path / 'cache'}"]
    (root / "metadata.csv").write_text(metadata, encoding="utf-8")
    train(path, elsewhere)
    renamed = metadata.replace("|anna|", "|hanna|")
    (root / "metadata.csv").write_text(renamed, encoding="utf-8")
    with pytest.raises(TrainingError, match=r"speakers\[0\] was anna, is ben"):
        train(path, [*elsewhere, "loop.steps=4"])


def test_clips_are_evaluated_where_the_model_is(
    tmp_path: Path,
    corpus: TrainingCorpus,
    recipe: str,
    extra: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a device without numbers, so up to where evaluation reads the first of them."""
    evaluate, met = TASKS[recipe].evaluate, set[str]()

    def check(module: nn.Module, given: tuple[Any, ...]) -> None:
        own = dict([*module.named_parameters(), *module.named_buffers()])
        devices = {tensor.device.type for tensor in _tensors([*given, own]).values()}
        assert len(devices) <= 1
        met.update(devices)

    def evaluate_elsewhere(task: Any, model: nn.Module, board: Any, step: int) -> dict[str, float]:
        hook = register_module_forward_pre_hook(check)
        no_numbers = pytest.raises((NotImplementedError, RuntimeError), match="meta tensor")
        with hook, no_numbers:
            evaluate(task, copy.deepcopy(model).to("meta"), board, step)
        return {"error": 1.0}

    # Reads numbers of the recordings before it calls the model.
    monkeypatch.setattr("models.training.fastspeech2.measure_variance", lambda *_: None)
    monkeypatch.setattr(TASKS[recipe], "evaluate", evaluate_elsewhere)
    train(write_config(tmp_path, recipe, corpus, **extra, loop=LOOP | {"steps": 1}))
    assert "meta" in met


def test_run_leaves_checkpoints_and_curves(recipe: str, straight: Path) -> None:
    run = straight.parent
    assert straight == run / "best"
    for folder, steps in ((straight, (2, 3)), (run / "last", (3,))):
        checkpoint = load_checkpoint(folder)
        assert checkpoint.kind == recipe
        assert checkpoint.mel == build(
            MelConfig, RECIPES[recipe].get("mel", as_mapping(MEL)), "mel"
        )
        assert checkpoint.info.step in steps
        assert (checkpoint.info.licence, checkpoint.info.trained_on) == ("CC0-1.0", ("hums",))
        assert len(checkpoint.info.metrics) >= 1
    assert set(_curves(run)) >= {
        f"train/learning_rate_{'generator' if 'discriminators' in RECIPES[recipe] else 'model'}",
        f"evaluate/{next(iter(checkpoint.info.metrics))}",
    }


def _curves(run: Path) -> list[str]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    return list(events.Tags()["scalars"])


def test_two_runs_do_not_train_in_one_folder(
    tmp_path: Path, corpus: TrainingCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_config(tmp_path, "recognizer", corpus)
    with only_process_on(tmp_path / "run"):
        with pytest.raises(DataError, match=r"run: process \d+ on .* is at work on it; one at a"):
            train(path)
        assert not (tmp_path / "run").exists()
        monkeypatch.setenv("RANK", "1")  # another process of the run that holds it
        train(path)
    monkeypatch.delenv("RANK")
    train(path, ["loop.steps=4"])
    assert not list(tmp_path.glob(".*")), "the lock is gone with the run"


def test_finished_run_is_not_run_again(
    corpus: TrainingCorpus, recognizer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = recognizer.parent / "state.pt"
    before = state.stat().st_mtime_ns
    assert train(recognizer.parent.parent / "train.yaml") == recognizer
    assert state.stat().st_mtime_ns == before


def test_acoustic_model_learns_what_the_corpus_is_like(
    tmp_path: Path, corpus: TrainingCorpus, recognizer: Path
) -> None:
    extra = {"recognizer": str(recognizer), "loop": LOOP | {"steps": 1}}
    voice = load_checkpoint(train(write_config(tmp_path, "fastspeech2", corpus, **extra)))
    assert voice.speakers == ("anna", "ben")
    assert voice.symbols[0] == "<pad>"
    assert "ˈaɪ" in voice.symbols
    assert voice.model.mel_mean.mean() == pytest.approx(float(corpus.features.mels.mean()), abs=0.1)
    assert voice.model.mel_std.min() > 0
    assert len(list(corpus.cache.glob("alignment-*.json"))) == 1

    ship(tmp_path / "run/best", tmp_path / "ben-only", ("ben",))
    ben = load_checkpoint(tmp_path / "ben-only")
    assert ben.speakers == ("ben",)
    assert torch.equal(
        ben.model.speaker_embedding.weight[0], voice.model.speaker_embedding.weight[1]
    )
    with pytest.raises(ConfigError, match="speakers: carl is none of anna, ben"):
        ship(tmp_path / "run/best", tmp_path / "carl-only", ("carl",))


@pytest.mark.parametrize(
    ("recipe", "changed", "message"),
    [
        ("recognizer", {"loss_weights": {"ctcc": 1.0}}, "loss_weights: names must be ctc; found"),
        (
            "vocos",
            {"loss_weights": {"mel": 1.0}},
            "names must be magnitude, mel, stft, adversarial",
        ),
        (
            "fastspeech2",
            {"loss_weights": {}},
            "names must be mel, duration, pitch, energy; found none",
        ),
        ("vocos", {"modle": {}}, r"modle: unknown key \(did you mean model\?\)"),
    ],
)
def test_mistakes_in_the_config_stop_at_once(
    tmp_path: Path, corpus: TrainingCorpus, recipe: str, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        train(write_config(tmp_path, recipe, corpus, **changed))
    assert not (tmp_path / "run").exists()


def test_an_error_of_a_key_names_the_file(tmp_path: Path, corpus: TrainingCorpus) -> None:
    path = write_config(tmp_path, "vocos", corpus)
    (tmp_path / "file").touch()
    for key, value in (("corpus.root", "/nope"), ("run", tmp_path / "file")):
        with pytest.raises((ConfigError, DataError), match=rf"^{path}: {key}: {value}"):
            train(path, [f"{key}={value}"])


def test_a_config_of_the_checkout_is_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"corpus\.root: nowhere is no folder"):
        train("configs/train/vocos.yaml", ["corpus.root=nowhere"])


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to ..."),
        MemoryError(),
    ],
)
def test_too_little_memory_is_told_in_a_line(
    tmp_path: Path, corpus: TrainingCorpus, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def losses(task: RecognizerTask, model: nn.Module, batch: dict[str, Any]) -> Any:
        raise error

    monkeypatch.setattr(RecognizerTask, "losses", losses)
    with pytest.raises(TrainingError, match=r"run: not enough memory; lower frames_per_batch or"):
        train(write_config(tmp_path, "recognizer", corpus))


def test_unknown_recipe_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.yaml").write_text("recipe: wavenet\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"recipe: 'wavenet' is not one of recognizer,"):
        train(tmp_path / "train.yaml")


def test_acoustic_model_needs_a_recognizer(
    tmp_path: Path, corpus: TrainingCorpus, recognizer: Path
) -> None:
    with pytest.raises(CheckpointError, match="nobody: no such checkpoint"):
        train(write_config(tmp_path, "fastspeech2", corpus, recognizer="nobody"))
    with pytest.raises(ConfigError, match="recognizer: griffin-lim is a griffin-lim"):
        train(write_config(tmp_path, "fastspeech2", corpus, recognizer="griffin-lim"))


def test_a_recognizer_of_decibels_aligns_nothing(tmp_path: Path, corpus: TrainingCorpus) -> None:
    ears = save_tiny_voices(tmp_path / "ears", dataclasses.replace(MEL, log="db")).recognizer
    for recipe in ("fastspeech2", "tacotron2"):
        with pytest.raises(ConfigError, match=r"recognizer: .* has mel\.log db; needed is ln"):
            train(write_config(tmp_path, recipe, corpus, recognizer=str(ears)))


@pytest.mark.parametrize("guidance", ["recognizer", "diagonal"])
def test_tacotron_needs_the_recognizers_frames(
    tmp_path: Path, corpus: TrainingCorpus, recognizer: Path, guidance: str
) -> None:
    extra = {"recognizer": str(recognizer), "guidance": guidance, "cache": str(tmp_path / "cache")}
    path = write_config(tmp_path, "tacotron2", corpus)
    settings = [f"{key}={value}" for key, value in extra.items()]
    with pytest.raises(CheckpointError, match=r"recognizer: .*hop_length 256 against 220"):
        train(path, [*settings, "mel.hop_length=220"])
    assert not (tmp_path / "cache").exists()


def test_vocoder_batches_are_segments_with_their_mels(corpus: TrainingCorpus) -> None:
    task = _vocoder_task(corpus, segment_frames=16)
    batch = task.batch(5)
    assert batch["wave"].shape == (2, 16 * MEL.hop_length)
    assert batch["mel"].shape == (2, MEL.n_mels, 16)
    assert batch["wave"].abs().max() <= 0.96
    assert torch.equal(batch["wave"], task.batch(5)["wave"])
    assert not torch.equal(batch["wave"], task.batch(6)["wave"])


def test_vocoder_needs_clips_longer_than_a_segment(corpus: TrainingCorpus) -> None:
    with pytest.raises(DataError, match="longer than 2000 frames"):
        _vocoder_task(corpus, segment_frames=2000)


def _vocoder_task(corpus: TrainingCorpus, segment_frames: int) -> VocosTask:
    settings = {
        "recipe": "vocos",
        "run": "unused",
        "corpus": corpus.config,
        "provenance": {"licence": "", "trained_on": []},
        "loop": LOOP,
        "optimizer": OPTIMIZER,
        **RECIPES["vocos"],
        "segment_frames": segment_frames,
    }
    return VocosTask(build(VocosTraining, settings, "test"), corpus.features)


def test_vocoder_goes_on_from_another_run(
    tmp_path: Path, corpus: TrainingCorpus, hifigan: Path
) -> None:
    extra: dict[str, Any] = {"start_from": str(hifigan), "discriminators_of": str(hifigan.parent)}
    settings = yaml.safe_load(
        write_config(tmp_path / "next", "hifigan", corpus, **extra).read_text("utf-8")
    )
    task = HifiGanTask(build(HifiGanTraining, settings, "next"), corpus.features)
    state = torch.load(hifigan.parent / "state.pt", weights_only=True)["modules"]["discriminators"]
    assert all(
        torch.equal(value, state[name]) for name, value in task.discriminators.state_dict().items()
    )
    ours = without_weight_norm(task.model).state_dict()
    theirs = load_checkpoint(hifigan).model.state_dict()
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-6) for name in theirs)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"model": RECIPES["hifigan"]["model"] | {"channels": 16}}, r"start_from: .*other sizes"),
        (
            {"discriminators_of": "nowhere"},
            "discriminators_of: nowhere has no such discriminators.*, or null for new ones",
        ),
        ({"start_from": "griffin-lim"}, "start_from: griffin-lim is a griffin-lim; needed is"),
    ],
)
def test_vocoder_goes_on_from_its_like_only(
    tmp_path: Path, corpus: TrainingCorpus, hifigan: Path, changed: dict[str, Any], message: str
) -> None:
    changed = {"start_from": str(hifigan)} | changed
    with pytest.raises(ConfigError, match=message):
        train(write_config(tmp_path / "next", "hifigan", corpus, **changed))


def write_flat_mels(
    folder: Path, corpus: TrainingCorpus, of: Callable[[Clip], bool] = lambda clip: True
) -> None:
    """Mels of an acoustic model that says the same in every frame, of some clips."""
    clips = [clip for clip in corpus.features.clips if of(clip)]
    parts = [
        Measured(
            wave=(corpus.features.wave(clip) * 32768).astype(np.int16),
            mel=np.full((clip.num_frames, MEL.n_mels), -3.0, np.float16),
            pitch_hz=corpus.features.pitch(clip).astype(np.float16),
        )
        for clip in clips
    ]
    write_features(folder, clips, parts)
    card = {"acoustic_model": "flat@0", "mel": as_mapping(MEL)}
    (folder / "mels.yaml").write_text(yaml.safe_dump(card), encoding="utf-8")


@pytest.mark.parametrize("recipe", ["hifigan", "vocos"])
def test_mels_without_a_held_out_sentence_are_refused_before_the_first_step(
    tmp_path: Path, corpus: TrainingCorpus, recipe: str
) -> None:
    write_flat_mels(tmp_path / "mels", corpus, of=lambda clip: not clip.held_out)
    path = write_config(tmp_path, recipe, corpus, teacher_mels=str(tmp_path / "mels"))
    with pytest.raises(DataError, match=r"train\.yaml: teacher_mels: .*mels holds no clip of a"):
        train(path)


def test_mels_with_nothing_to_train_on_are_refused(tmp_path: Path, corpus: TrainingCorpus) -> None:
    write_flat_mels(tmp_path / "mels", corpus, of=lambda clip: clip.held_out)
    path = write_config(tmp_path, "harmonic", corpus, teacher_mels=[str(tmp_path / "mels")])
    with pytest.raises(DataError, match=r"teacher_mels: no clip to train on .* in .*mels$"):
        train(path)


def test_vocoder_learns_from_an_acoustic_models_mels(
    tmp_path: Path, corpus: TrainingCorpus
) -> None:
    write_flat_mels(tmp_path / "mels", corpus)
    path = write_config(tmp_path, "hifigan", corpus, teacher_mels=str(tmp_path / "mels"))
    config = build(HifiGanTraining, yaml.safe_load(path.read_text("utf-8")), "train.yaml")
    batch = HifiGanTask(config, open_corpus(config)).batch(0)
    assert batch["mel"].shape == (2, MEL.n_mels, 16)
    assert (batch["mel"] == -3.0).all()
    assert batch["wave"].shape == (2, 16 * MEL.hop_length)
    assert batch["wave"].std() > 0
