import dataclasses
import math
import re
import resource
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

from models.config import build
from models.errors import ConfigError, DataError, TrainingError
from models.training.optimizers import OptimizerConfig
from models.training.session import Batch, LoopConfig, Session, alone_in

LOOP = LoopConfig(steps=6, log_every=1, save_every=2)
OPTIMIZERS = {"model": OptimizerConfig(learning_rate=0.05, warmup_steps=2)}


def _module() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))


def _make(step: int) -> Batch:
    generator = torch.Generator().manual_seed(step)
    x = torch.randn(5, 4, generator=generator)
    return {"x": x, "y": x.sum(dim=1, keepdim=True)}


def _run(
    folder: Path,
    killed_after: int = 0,
    poison: float = 1.0,
    loop: LoopConfig = LOOP,
    optimizer: OptimizerConfig = OPTIMIZERS["model"],
) -> Session:
    session = Session(folder, loop, {"model": _module()}, {"model": optimizer}, main="model")
    model = session.modules["model"]
    for batch in session.batches(_make):
        loss: Tensor = (model(batch["x"]) - batch["y"]).square().mean()
        if session.step == 4:
            loss = loss * poison
        session.update("model", loss)
        session.log({"square": loss})
        if session.is_due(loop.save_every):
            session.save()
        if session.step + 1 == killed_after:
            break
    session.close()
    return session


def _state(folder: Path) -> dict[str, Tensor]:
    state = torch.load(folder / "state.pt", weights_only=True)
    return state["modules"]["model"] | {
        f"averaged.{name}": value for name, value in state["averaged"].items()
    }


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_resumed_run_equals_one_that_never_stopped(tmp_path: Path, kind: str) -> None:
    settings = {"learning_rate": 0.05, "warmup_steps": 2, "kind": kind}
    optimizer = build(OptimizerConfig, settings, "test")
    _run(tmp_path / "straight", optimizer=optimizer)
    # Saved after two steps, killed after three.
    _run(tmp_path / "halting", killed_after=3, optimizer=optimizer)
    resumed = _run(tmp_path / "halting", optimizer=optimizer)
    assert resumed.step == 6
    expected, found = _state(tmp_path / "straight"), _state(tmp_path / "halting")
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)


@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_infinite_loss_stops_and_keeps_the_last_good_state(tmp_path: Path, poison: float) -> None:
    with pytest.raises(
        TrainingError, match=r"loss square is not finite at step 5; state\.pt holds"
    ):
        _run(tmp_path, poison=poison)
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert state["step"] == 4
    assert all(weight.isfinite().all() for weight in state["modules"]["model"].values())


def test_a_loss_that_breaks_before_anything_was_saved_promises_no_state(tmp_path: Path) -> None:
    late = dataclasses.replace(LOOP, save_every=6)
    with pytest.raises(TrainingError, match=r"not finite at step 5; no step was saved before; try"):
        _run(tmp_path, poison=math.nan, loop=late)
    assert not (tmp_path / "state.pt").exists()


def test_broken_weights_are_never_saved(tmp_path: Path) -> None:
    rarely = LoopConfig(steps=6, log_every=100, save_every=2)
    with pytest.raises(TrainingError, match="weights of model are not finite at step 6"):
        _run(tmp_path, poison=math.nan, loop=rarely)
    assert torch.load(tmp_path / "state.pt", weights_only=True)["step"] == 4


def test_state_of_another_model_is_refused(tmp_path: Path) -> None:
    _run(tmp_path, killed_after=2)
    with pytest.raises(TrainingError, match=r"state\.pt: cannot be resumed .*another run folder"):
        Session(tmp_path, LOOP, {"model": nn.Linear(3, 3)}, OPTIMIZERS, main="model")


@pytest.mark.parametrize(("before", "after"), [("adamw", "muon"), ("muon", "adamw")])
def test_state_of_another_optimizer_is_refused(tmp_path: Path, before: str, after: str) -> None:
    def start(kind: str) -> Session:
        optimizer = build(OptimizerConfig, {"learning_rate": 0.1, "kind": kind}, "test")
        return Session(tmp_path, LOOP, {"model": nn.Linear(3, 3)}, {"model": optimizer}, "model")

    start(before).save()
    with pytest.raises(TrainingError, match=f"its optimizers are {before}, not {after}"):
        start(after)
    assert start(before).step == 1
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    del state["kinds"]  # as it was saved before Muon was there
    torch.save(state, tmp_path / "state.pt")
    assert start(before).step == 1


def test_state_whose_rows_stand_for_others_is_refused(tmp_path: Path) -> None:
    def start(identity: dict[str, Any]) -> Session:
        modules: dict[str, nn.Module] = {"model": nn.Embedding(2, 3)}
        return Session(tmp_path, LOOP, modules, OPTIMIZERS, "model", identity=identity)

    start({"speakers": ["anna", "ben"], "config": {"dim": 3}}).save()
    for speakers, difference in (
        (["ben", "hanna"], "speakers\\[0\\] was anna, is ben"),
        (["anna", "ben", "carl"], "speakers\\[2\\] was none, is carl"),
    ):
        with pytest.raises(TrainingError, match=rf"\({difference}\); .* run folder .*start_from"):
            start({"speakers": speakers, "config": {"dim": 3}})
    with pytest.raises(TrainingError, match=r"\(config\.dim was 3, is 4\)"):
        start({"speakers": ["anna", "ben"], "config": {"dim": 4}})
    later = {"speakers": ["anna", "ben"], "config": {"dim": 3, "new_setting": 1}}
    assert start(later).step == 1
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    del state["identity"]  # as it was saved before states had one
    torch.save(state, tmp_path / "state.pt")
    assert start({"speakers": ["ben", "hanna"]}).step == 1


def test_a_disk_that_fills_up_keeps_the_last_state(tmp_path: Path) -> None:
    modules: dict[str, nn.Module] = {"model": nn.Linear(64, 64)}
    session = Session(tmp_path, LOOP, modules, OPTIMIZERS, "model")
    session.save()
    session.step = 1
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        told = pytest.raises(DataError, match=rf"^{tmp_path}: the disk is full; free some space")
        with told, alone_in(tmp_path):
            session.save()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not (tmp_path / "state.tmp").exists()
    assert Session(tmp_path, LOOP, modules, OPTIMIZERS, "model").step == 1
    session.save()
    assert Session(tmp_path, LOOP, modules, OPTIMIZERS, "model").step == 2


def test_what_a_run_began_with_is_not_silently_another(tmp_path: Path) -> None:
    def start(begun_with: str | None) -> Session:
        identity = {"config": {"dim": 3}, "start_from": begun_with}
        modules: dict[str, nn.Module] = {"model": nn.Linear(3, 3)}
        return Session(tmp_path, LOOP, modules, OPTIMIZERS, "model", identity=identity)

    start(None).save()
    with pytest.raises(TrainingError, match=r"\(start_from was None, is anna\); .*start_from"):
        start("anna")
    (tmp_path / "state.pt").unlink()
    start("anna").save()
    start(None).save()  # begun is begun: it need not be said again, and stays known
    assert start("anna").step == 2
    with pytest.raises(TrainingError, match=r"\(start_from was anna, is ben\)"):
        start("ben")


def test_a_resumed_run_has_the_optimizer_of_its_config(tmp_path: Path) -> None:
    def start(settings: dict[str, Any]) -> Session:
        optimizer = build(OptimizerConfig, settings, "test")
        modules: dict[str, nn.Module] = {"model": nn.Linear(3, 3)}
        return Session(tmp_path, LOOP, modules, {"model": optimizer}, "model")

    for kind in ("adamw", "adam", "rmsprop", "muon"):
        before: dict[str, Any] = {"kind": kind, "learning_rate": 0.1}
        after = before | {"weight_decay": 0.5, "betas": [0.5, 0.6], "eps": 1e-3}
        (tmp_path / "state.pt").unlink(missing_ok=True)
        asked = _settings(start(after))
        start(before).save()
        assert _settings(start(after)) == asked != _settings(start(before))


def _settings(session: Session) -> list[dict[str, object]]:
    groups = session.optimizers["model"].param_groups
    return [{key: value for key, value in group.items() if key != "params"} for group in groups]


def test_a_run_beyond_its_last_step_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(tmp_path)
    assert _run(tmp_path, loop=dataclasses.replace(LOOP, steps=4)).step == 6
    assert "at step 6; loop.steps is 4: none is left to train\n" in capsys.readouterr().out


@pytest.mark.parametrize("damaged", [b"half a file", b""])
def test_damaged_state_is_refused(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / "state.pt").write_bytes(damaged)
    with pytest.raises(TrainingError, match=r"state\.pt: cannot be resumed"):
        Session(tmp_path, LOOP, {"model": _module()}, OPTIMIZERS, main="model")


def test_what_is_no_state_is_refused(tmp_path: Path) -> None:
    torch.save([torch.zeros(3)], tmp_path / "state.pt")
    with pytest.raises(TrainingError, match=r"cannot be resumed .*\(it is no state of a run\)"):
        Session(tmp_path, LOOP, {"model": _module()}, OPTIMIZERS, main="model")


def test_run_says_at_its_start_what_it_will_cost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Nothing:
        identity: ClassVar[dict[str, Any]] = {}

        def evaluate(self, model: nn.Module, board: object, step: int) -> dict[str, float]:
            return {"error": 1.0}

        def export(self, *_: object) -> None:
            pass

    loop = LoopConfig(steps=20, log_every=100, evaluate_every=50, save_every=50)
    session = Session(tmp_path, loop, {"model": _module()}, OPTIMIZERS, main="model")
    for batch in session.batches(_make):
        session.update("model", session.modules["model"](batch["x"]).square().mean())
        session.finish_step(Nothing())
    session.close()
    output = [line for line in capsys.readouterr().out.splitlines() if line.startswith("cost")]
    assert len(output) == 1
    assert re.search(r"cost: [\d.]+ steps/s over 10 steps.* 7 steps to go take 0:00:0\d", output[0])


def test_shipped_weights_are_an_average_that_follows(tmp_path: Path) -> None:
    session = _run(tmp_path)
    raw, shipped = session.raw["model"].state_dict(), session.shipped.state_dict()
    start = _module().state_dict()
    for name in raw:
        assert not torch.equal(shipped[name], raw[name])
        assert (shipped[name] - start[name]).norm() < (raw[name] - start[name]).norm()


def test_first_metric_decides_what_is_best(tmp_path: Path) -> None:
    session = Session(tmp_path, LOOP, {"model": _module()}, OPTIMIZERS, main="model")
    assert session.record({"error": 0.5, "other": 9.0})
    assert not session.record({"error": 0.6, "other": 1.0})
    assert not session.record({"error": math.nan})
    assert session.record({"error": 0.4})
    session.close()


def test_a_run_says_its_precision(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loop = dataclasses.replace(LOOP, precision="no")
    session = Session(tmp_path, loop, {"model": _module()}, OPTIMIZERS, main="model")
    session.close()
    assert "precision: no (loop.precision asks for it)" in capsys.readouterr().out
    assert session.accelerator.mixed_precision == "no"


def test_bf16_is_refused_where_the_processor_lacks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.training.session.supports_bf16", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    loop = dataclasses.replace(LOOP, precision="bf16")
    with pytest.raises(ConfigError, match=r"loop\.precision: bf16 .* allowed are auto and no"):
        Session(tmp_path, loop, {"model": _module()}, OPTIMIZERS, main="model")


@pytest.mark.parametrize(
    "changed",
    [
        {"steps": 0},
        {"precision": "fp8"},
        {"precision": True},
        {"log_every": 0},
        {"evaluate_every": 0},
        {"save_every": 0},
        {"average_decay": 2.0},
    ],
)
def test_impossible_loops_are_refused(changed: dict[str, object]) -> None:
    settings = {"steps": 5} | changed
    with pytest.raises(ConfigError, match=next(iter(changed))):
        build(LoopConfig, settings, "train.yaml")
