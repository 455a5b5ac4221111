"""Dialects of OpenAI-compatible endpoints: in which fields they differ."""

from typing import Any, Literal, NamedTuple

from pipeline.sentences.language_model.chat.messages import ChatRequest

Structure = Literal["json_schema", "json_object", "none"]
_SIMPLER: dict[Structure, Structure] = {"json_schema": "json_object", "json_object": "none"}


class Dialect(NamedTuple):
    """What an endpoint is believed to understand; the best is tried first.

    `structure` is how the shape of the answer is asked for; the instructions describe it in
    any case. `limit` is the name of the bound on an answer's length.
    """

    structure: Structure = "json_schema"
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"

    def simpler(self, complaint: str) -> "Dialect | None":
        """What to try after the endpoint refused this with `complaint`; None: nothing is left."""
        if self.limit == "max_tokens" and "max_tokens" in complaint:
            return self._replace(limit="max_completion_tokens")
        if self.structure in _SIMPLER:
            return self._replace(structure=_SIMPLER[self.structure])
        return None

    def body(self, request: ChatRequest) -> dict[str, Any]:
        """The fields of a chat completion request."""
        return {
            "model": request.model,
            "messages": [
                {"role": "system", "content": request.instructions},
                {"role": "user", "content": request.prompt},
            ],
            self.limit: request.max_output_tokens,
            **({} if request.temperature is None else {"temperature": request.temperature}),
            **self._response_format(request),
        }

    def _response_format(self, request: ChatRequest) -> dict[str, Any]:
        if self.structure == "none":
            return {}
        if self.structure == "json_object":
            return {"response_format": {"type": "json_object"}}
        schema = {"name": "sentences", "strict": True, "schema": request.schema}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
