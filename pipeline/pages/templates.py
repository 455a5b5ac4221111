"""The Jinja2 templates of pages, compiled once a process."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

_SHARED = Path(__file__).parent


@functools.cache
def page_templates(folder: Path) -> "Environment":
    """Those of a page that lie in `folder`, with what pages share; what they show is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader((folder, _SHARED)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
