"""JSON that may come from anyone: whatever is wrong with it is a `ValueError`."""

import json
import re
from typing import Any

_HALF_A_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(text: str | bytes) -> Any:
    """The value that `text` stands for.

    Raises `ValueError`: no JSON, nested deeper than Python goes, or half of a surrogate pair.
    """
    try:
        text = text if isinstance(text, str) else text.decode()
        value = json.loads(text)
        if _HALF_A_PAIR.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except UnicodeEncodeError as error:
        character = error.object[error.start]
        raise ValueError(f"the character {character!a} is half of a pair") from None
    return value
