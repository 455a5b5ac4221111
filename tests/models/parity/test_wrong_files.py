"""What a stranger may hand to each importer: one line that says what is wrong, and where."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from flows.cli.app import main
from models.errors import VoxloomError
from models.importers import FORMATS, import_files
from tests.models.parity.vectors import vectors


@dataclass(frozen=True, slots=True)
class Public:
    """A format's vectors, its config among them, and how its real files are nested."""

    name: str
    config: str
    nest: Callable[[Mapping[str, Tensor]], dict[str, Any]]


PUBLIC = {
    "hifigan": Public("hifigan_resblock2", "config.json", lambda w: {"generator": w}),
    "parallelwavegan-melgan": Public(
        "pwg_melgan", "config.yml", lambda w: {"model": {"generator": w}}
    ),
    "descript-melgan": Public("descript_melgan", "args.yml", dict),
    "vocos": Public("vocos", "config.yaml", dict),
    "nvidia-tacotron2": Public("tacotron2", "hparams.json", lambda w: {"state_dict": w}),
    "ming024-fastspeech2": Public("fastspeech2_multi", "", lambda w: {"model": w}),
    "melnet": Public("melnet_sample", "config.yml", dict),
}


def test_parity_of_every_format_is_checked_here() -> None:
    assert PUBLIC.keys() == FORMATS.keys()


def _refusal(format_name: str, path: Path, config: Path | None = None) -> str:
    """Why the file is refused; the test fails where it is not."""
    public = PUBLIC[format_name]
    config = config or vectors(public.name).folder / public.config
    with pytest.raises(VoxloomError) as caught:
        import_files(format_name, [path], config)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def _write(format_name: str, path: Path, changed: Mapping[str, Tensor | None]) -> Path:
    """The public weights with `changed` ones, None being left out."""
    public = PUBLIC[format_name]
    weights = {**vectors(public.name).weights, **changed}
    present = {name: value for name, value in weights.items() if value is not None}
    torch.save(public.nest(present), path)
    return path


@pytest.mark.parametrize("format_name", FORMATS)
def test_wrong_keys_are_named_in_parity_files(tmp_path: Path, format_name: str) -> None:
    names = sorted(vectors(PUBLIC[format_name].name).weights)
    name = next(name for name in names if name.endswith("bias"))
    last = name.split(".")[-1] if format_name == "melnet" else name  # it says the tier before
    path = tmp_path / "public.pt"
    assert f"{last} missing" in _refusal(format_name, _write(format_name, path, {name: None}))
    odd = torch.ones(3, 1, 7)
    assert f"{last} has shape (3, 1, 7), expected (" in _refusal(
        format_name, _write(format_name, path, {name: odd})
    )
    extra = name.replace("bias", "tilt")
    assert f"{extra.split('.')[-1]} not expected" in _refusal(
        format_name, _write(format_name, path, {extra: odd})
    )


@pytest.mark.parametrize("format_name", FORMATS)
def test_other_models_are_refused_in_parity_formats(tmp_path: Path, format_name: str) -> None:
    for index, other in enumerate(sorted(FORMATS.keys() - {format_name})):
        path = _write(other, tmp_path / f"{index}.pt", {})
        assert _refusal(format_name, path).startswith(f"{path}: ")


@pytest.mark.parametrize("format_name", FORMATS)
def test_other_configs_are_refused_in_parity_formats(tmp_path: Path, format_name: str) -> None:
    path = _write(format_name, tmp_path / "public.pt", {})
    for other in sorted(FORMATS.keys() - {format_name}):
        folder = vectors(PUBLIC[other].name).folder
        config = folder / (PUBLIC[other].config or "model.yaml")
        assert str(folder) in _refusal(format_name, path, config)


@pytest.mark.parametrize("format_name", FORMATS)
def test_damaged_parity_files_are_refused(tmp_path: Path, format_name: str) -> None:
    whole = _write(format_name, tmp_path / "public.pt", {}).read_bytes()
    for content in (b"", b"hello\n", whole[:-500], whole[: len(whole) // 2]):
        path = tmp_path / "damaged.pt"
        path.write_bytes(content)
        assert f"{path}: not a checkpoint" in _refusal(format_name, path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--licence", "MIT", "--to", "{tmp}/file/x"], "Not a directory"),
        (["--licence", "MIT", "--to", "{tmp}"], "exists already; name a new folder"),
        (["--licence", " ", "--to", "{tmp}/new"], "--licence: missing"),
        (["--licence", "MIT", "--to", "{tmp}/new", "--config", "{tmp}/no.yaml"], "no.yaml: "),
    ],
)
def test_parity_files_are_written_where_they_can_be(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    (tmp_path / "file").touch()
    path = _write("vocos", tmp_path / "public.pt", {})
    (tmp_path / "config.yaml").write_bytes((vectors("vocos").folder / "config.yaml").read_bytes())
    filled = [argument.format(tmp=tmp_path) for argument in arguments]
    with pytest.raises(SystemExit) as ended:
        main(["checkpoints", "import", "vocos", str(path), *filled])
    assert ended.value.code in (1, 2)
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "new").exists()
