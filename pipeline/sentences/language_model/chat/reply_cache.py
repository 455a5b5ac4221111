"""Reply cache of a language model: keyed by the request, so that a repeated one is free.

    CACHE/3f/3f9a2c1b04de....json      {"asked": {...}, "reply": {...}}

A file names neither endpoint nor key, so that the folder can be passed on with a config.
"""

import json
from pathlib import Path

from models.atomic import write_once
from models.errors import DataError
from pipeline.sentences.language_model.chat.messages import ChatReply, ChatRequest, Usage


class KeptReplies:
    """Answers in a folder, which need not be there yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, request: ChatRequest) -> Path:
        return self.folder / request.key[:2] / f"{request.key}.json"

    def get(self, request: ChatRequest) -> ChatReply | None:
        """The answer to `request`, if it is kept. Raises `DataError` naming a damaged file."""
        path = self.path(request)
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            reply = kept["reply"]
            usage = Usage(int(reply["input_tokens"]), int(reply["output_tokens"]))
            return ChatReply(str(reply["content"]), str(reply["model"]), usage)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror})") from None
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            raise self.damaged(request) from None

    def damaged(self, request: ChatRequest) -> DataError:
        """What to raise where the kept answer to `request` cannot be used."""
        return DataError(
            f"{self.path(request)}: this kept answer of a language model is damaged; delete the "
            "file, and it is asked for again"
        )

    def put(self, request: ChatRequest, reply: ChatReply) -> None:
        """Keep an answer, unless another build has kept one since `get`. Raises `DataError` where
        the folder cannot be written to.
        """
        kept = {
            "asked": request.as_asked(),
            "reply": {
                "content": reply.content,
                "model": reply.model,
                "input_tokens": reply.usage.input_tokens,
                "output_tokens": reply.usage.output_tokens,
            },
        }
        path = self.path(request)
        try:
            write_once(path, json.dumps(kept, indent=1).encode() + b"\n")
        except OSError as error:
            raise DataError(
                f"{path}: cannot be written ({error.strerror}); set "
                "sentences.language_model.endpoint.cache to a folder that can"
            ) from None
