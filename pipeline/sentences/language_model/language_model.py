"""Sentences that a language model writes: asked, checked, and kept, so that none is asked twice.

A row's template is `PROMPT:ANSWER`, as in `turns.prompt:3f9a2c1b04de`: the prompt's path below
the domain's `prompts/`, and the first digits of the file in which the answer is kept.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

from models.cache_folder import cache_folder
from models.config import resolve_path
from models.errors import shortened
from pipeline.domain.domains import Domain
from pipeline.endpoint.endpoint import has_key, open_endpoint
from pipeline.endpoint.failures import UnusableReply
from pipeline.licences.summary import LicensedSource
from pipeline.licences.terms import UNKNOWN
from pipeline.records import Reject, Sentence
from pipeline.sentences.drawing.sampling import STAGE, Maker
from pipeline.sentences.drawing.sources import SentenceSource
from pipeline.sentences.language_model.annotations import Annotated, Annotations, sentences_in
from pipeline.sentences.language_model.chat.budget import Budget
from pipeline.sentences.language_model.chat.messages import ChatReply, ChatRequest
from pipeline.sentences.language_model.chat.reply_cache import KeptReplies
from pipeline.sentences.language_model.near_duplicates import NearDuplicates
from pipeline.sentences.language_model.prompt_files import (
    prompt_paths,
    prompts_digest,
    read_prompts,
)
from pipeline.sentences.language_model.prompts import LanguageModelConfig, Question, Questions

if TYPE_CHECKING:
    from pipeline.sentences.language_model.chat.client import ChatClient

_SECTION = "sentences.language_model"
_SOURCE = "language_model"
_LONGEST_REASON = 400  # characters
_MOST_TRIED = 10  # for each sentence that is wanted; one that no split takes costs money, too
_DIGITS = 12  # of an answer's file, in ids


def language_model_source(config: LanguageModelConfig, domain: Domain, seed: int) -> SentenceSource:
    """The sentences that `config.model` writes for a domain."""
    return SentenceSource(
        location=f"{domain.folder / 'prompts'} ({config.model})",
        lower=f"{_SECTION}.share",
        share=config.share,
        check=partial(_check, config, domain, seed),
        rows=partial(_rows, config, domain),
        files=lambda: prompt_paths(domain.folder),
        digest=lambda: prompts_digest(domain.folder),
        licensed=LicensedSource(
            kind="sentences",
            name=_SOURCE,
            licence=config.license or UNKNOWN,
            attribution=config.model,
            key=_SECTION,
            file=config.model,
        ),
    )


def _check(config: LanguageModelConfig, domain: Domain, seed: int, number: int) -> None:
    """Every prompt is rendered once for each of its intents. Without a key, all answers must
    have been kept. Nothing is sent.
    """
    questions = _questions(config, domain, number)
    for _ in islice(questions.in_order(seed), len(questions.combinations)):
        pass
    if has_key(config.endpoint):
        open_endpoint(config.endpoint, _SECTION)
        return
    rows = _rows(config, domain, Maker(domain.name, seed, None), number)
    for _ in islice((row for row in rows if isinstance(row, Sentence)), number):
        pass


def _questions(config: LanguageModelConfig, domain: Domain, number: int) -> Questions:
    return Questions(config, domain, read_prompts(domain.folder), number)


def _rows(
    config: LanguageModelConfig, domain: Domain, maker: Maker, number: int
) -> Iterator[Sentence | Reject]:
    """Rows in the order of the questions, however the answers come in; none after many times
    `number` sentences, or after a whole round of questions that brought nothing new.
    """
    questions = _questions(config, domain, number)
    referee = _Referee(config, domain, maker)
    produced = fruitless = 0

    def requests_left() -> int:
        return -(-(number - produced) // questions.per_request)

    with closing(_answers(config, questions.in_order(maker.seed), requests_left)) as answers:
        for question, reply in answers:
            before = produced
            for row in referee.rows(question, reply):
                yield row
                produced += isinstance(row, Sentence)
            fruitless = 0 if produced > before else fruitless + 1
            if produced >= _MOST_TRIED * number or fruitless >= len(questions.combinations):
                return


def _answers(
    config: LanguageModelConfig, questions: Iterator[Question], requests_left: Callable[[], int]
) -> Generator[tuple[Question, ChatReply]]:
    """Questions with their answers, in order; never more on their way than are still needed."""
    model = _Model(config)
    waiting: deque[tuple[Question, Future[ChatReply]]] = deque()
    with ThreadPoolExecutor(config.endpoint.concurrency) as pool:
        try:
            while True:
                room = max(min(config.endpoint.concurrency, requests_left()), 1)
                for question in islice(questions, max(room - len(waiting), 0)):
                    waiting.append((question, pool.submit(model.answer, question.request)))
                question, answer = waiting.popleft()
                yield question, answer.result()
        finally:
            model.stop()
            pool.shutdown(cancel_futures=True)  # what is on its way still comes in, and is kept
            model.close()


class _Model:
    """Answers, kept ones first: the endpoint is opened when the first is missing."""

    def __init__(self, config: LanguageModelConfig) -> None:
        self._config = config
        self._kept = kept_replies(config)
        self._budget = Budget(config.budget)
        self._client: ChatClient | None = None
        self._opening = Lock()

    def answer(self, request: ChatRequest) -> ChatReply:
        if kept := self._kept.get(request):
            self._budget.count(kept.usage)
            return kept
        reply = self._open().ask(request)
        self._kept.put(request, reply)
        return self._kept.get(request) or reply

    def stop(self) -> None:
        if self._client:
            self._client.stop()

    def close(self) -> None:
        if self._client:
            self._client.close()

    def _open(self) -> "ChatClient":
        from pipeline.sentences.language_model.chat.client import ChatClient

        with self._opening:
            if self._client is None:
                endpoint = open_endpoint(self._config.endpoint, _SECTION)
                self._client = ChatClient(
                    endpoint, self._config.endpoint, self._budget, _must_hold_sentences
                )
            return self._client


class _Referee:
    """Decides which sentences of the answers become rows; the others become rejects."""

    def __init__(self, config: LanguageModelConfig, domain: Domain, maker: Maker) -> None:
        self._annotations = Annotations(domain, config.open_slots)
        self._seen = _SeenTexts(config.near_duplicate)
        self._threshold = config.near_duplicate
        self._maker, self._kept = maker, kept_replies(config)

    def rows(self, question: Question, reply: ChatReply) -> Iterator[Sentence | Reject]:
        try:
            items = sentences_in(reply.content)
        except ValueError:
            raise self._kept.damaged(question.request) from None
        answer = question.request.key[:_DIGITS]
        if not items:
            reason = f"{question.prompt}: the answer holds no sentence"
            yield Reject(f"{self._maker.domain}-{answer}-0", STAGE, reason)
        shown = _SeenTexts(self._threshold, question.shown)
        for number, item in enumerate(items, start=1):
            try:
                annotated = self._annotations.read(item)
                shown.must_not_hold(annotated.text)
                row = self._new_row(annotated, f"{question.prompt}:{answer}")
            except ValueError as error:
                reason = shortened(f"{question.prompt}: {error}: {item!r}", _LONGEST_REASON)
                row = Reject(f"{self._maker.domain}-{answer}-{number}", STAGE, reason)
            yield row

    def _new_row(self, annotated: Annotated, template: str) -> Sentence | Reject:
        self._seen.must_not_hold(annotated.text)
        row = self._maker.make(
            annotated.intent, template, annotated.text, annotated.slots, source=_SOURCE
        )
        if row is None:
            raise ValueError("said before")
        if isinstance(row, Sentence):
            self._seen.add(annotated.text)
        return row


class _SeenTexts:
    """Texts whose (near-)duplicates are rejected; without a threshold it holds none."""

    def __init__(self, threshold: float | None, texts: Iterable[str] = ()) -> None:
        self._texts = NearDuplicates(threshold) if threshold else None
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        if self._texts:
            self._texts.add(text)

    def must_not_hold(self, text: str) -> None:
        """Raises `ValueError` naming the text that was said before."""
        if self._texts and (earlier := self._texts.find(text)):
            raise ValueError(f"nearly the same as `{earlier}`")


def kept_replies(config: LanguageModelConfig) -> KeptReplies:
    """The answers of earlier builds."""
    folder = config.endpoint.cache
    return KeptReplies(resolve_path(folder) if folder else cache_folder() / "language_model")


def _must_hold_sentences(reply: ChatReply) -> None:
    try:
        sentences_in(reply.content)
    except ValueError as error:
        raise UnusableReply(
            f"the answer holds {error} (`{shortened(reply.content)}`); choose a model that writes "
            "JSON, or say in the prompt what is wanted"
        ) from None
