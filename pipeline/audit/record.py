"""`audit.json`, declared once: as an audit writes it and as commands read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from models.config import build
from models.errors import ConfigError, DataError
from models.json_files import parse_json
from pipeline.dataset.files import AUDIT_FILE


@dataclass(frozen=True)
class AuditRecord:
    """The verdict, what was found, and every test with its p corrected for all of them."""

    format: Literal["voxloom-audit-1"]
    dataset: str
    rows: int
    alpha: float
    passed: bool
    verdict: str
    conditions: Mapping[str, Any] | None
    tests: tuple[Mapping[str, Any], ...]


def read_audit(dataset: Path) -> AuditRecord:
    """The audit of the dataset in the folder `dataset`. Raises `DataError` naming the file, and the
    key that is missing or wrong.
    """
    path = dataset / AUDIT_FILE
    try:
        return build(AuditRecord, parse_json(path.read_text(encoding="utf-8")), str(path))
    except ConfigError as error:
        raise DataError(str(error)) from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
