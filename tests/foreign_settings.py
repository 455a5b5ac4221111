"""The settings object that public MelNet files carry, for tests that write such files."""

import sys
import types
from typing import Any

import pytest


class HParams(dict[str, Any]):
    """Pickled as the settings in a public MelNet file are: a dict with a state of its own."""

    def __getstate__(self) -> tuple[Any, ...]:
        return dict(self), tuple, False

    def __setstate__(self, state: Any) -> None:
        raise AssertionError("foreign code was executed")


def pickled_as_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `HParams` be pickled under the name that it has in public files."""
    module = types.ModuleType("src.utils.hparams")
    module.HParams = HParams  # type: ignore[attr-defined]
    for name in ("src", "src.utils"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "src.utils.hparams", module)
    monkeypatch.setattr(HParams, "__module__", "src.utils.hparams")
