"""Sentences a second of text normalization, cold and warm, plain and mixed.

    python -m benchmarks.normalization [--count 10000] [--domains prompts/voice_assistant ...]

Cold is the first reading in this process, with the grammars loaded and no sentence known to
the cache of readings; warm is the same sentences once more. By grammars alone is a first reading,
too, of which grammars do the plain numbers; how many sentences become others is told. One process
does all the reading, and seconds are those of its one core (CPU time). Loading the grammars from
disk is measured by itself; compiling them (once a machine) is not.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar
from unittest import mock

from models.evaluation.tables import markdown_table
from pipeline.records import Sentence
from pipeline.sentences.generate import SentencesConfig, generate
from pipeline.text.normalize import _read, normalize, prepare_grammars
from pipeline.text.readings import plain_numbers

_DOMAINS = [Path("prompts") / name for name in ("voice_assistant", "banking_agent")]
_DOMAINS += [Path("prompts/digits_and_codes")]
_T = TypeVar("_T")


def sentences_of(domains: Sequence[Path], count: int, seed: int = 1) -> list[str]:
    """`count` written sentences, shared evenly among the domains (the first gets the rest)."""
    share, rest = divmod(count, len(domains))
    return [
        sentence.text
        for index, domain in enumerate(domains)
        for sentence in generate(SentencesConfig(domain, share + rest * (index == 0)), seed)
        if isinstance(sentence, Sentence)
    ]


def measure(texts: Sequence[str]) -> list[list[str]]:
    """The rows of the table; the grammars must be compiled."""
    _, loading_s = _timed(partial(normalize, ["in 1989"], workers=1))
    cold, cold_s = _timed(partial(normalize, texts, workers=1))
    warm, warm_s = _timed(partial(normalize, texts, workers=1))
    if cold != warm:
        raise RuntimeError("a sentence was read otherwise the second time")
    _read.cache_clear()
    with mock.patch.object(plain_numbers, "read_plain", return_value=None):
        by_grammar, by_grammar_s = _timed(partial(normalize, texts, workers=1))
    unlike = sum(a != b for a, b in zip(cold, by_grammar, strict=True))
    plain = [text for text, spoken in zip(texts, cold, strict=True) if text == spoken]
    _, plain_s = _timed(partial(normalize, plain, workers=1))
    return [
        ["load the grammars", "", f"{loading_s:.1f}", ""],
        _row("mixed, cold", len(texts), cold_s),
        _row("mixed, warm", len(texts), warm_s),
        _row(f"by grammars alone ({unlike} unlike)", len(texts), by_grammar_s),
        _row("plain among them", len(plain), plain_s),
    ]


def _timed(work: Callable[[], _T]) -> tuple[_T, float]:
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


def _row(name: str, count: int, seconds: float) -> list[str]:
    return [name, f"{count:,}", f"{seconds:.1f}", f"{count / seconds:,.0f}"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--domains", type=Path, nargs="+", default=_DOMAINS)
    options = parser.parse_args(arguments)
    prepare_grammars()
    rows = measure(sentences_of(options.domains, options.count))
    print(markdown_table(["text", "sentences", "seconds", "a second"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
