"""Every parser of something that a stranger may have made, as a function of bytes.

Whatever the bytes are, a target either takes them or raises one of the errors that are written for
people.
"""

import contextlib
import importlib
import io
import json
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile
import torch
import yaml

from flows.teacher_lines import read_texts
from models.checkpoint import CheckpointInfo, load_checkpoint, save_checkpoint
from models.config import as_mapping, load_config
from models.evaluation.naturalness import read_lines
from models.importers.files import read_weights
from models.importers.settings import read_settings
from models.mel import MelConfig
from models.phonology.phonemes import tokens_of
from models.speakers.vectors import read_speaker_vectors
from models.training.corpus import CorpusConfig, read_corpora
from models.training.public_corpora.layouts import lay_out_ljspeech
from models.training.run import RECIPES
from models.training.teaching.render import read_provenance
from models.training.textgrid import read_textgrid
from models.vocoders.vocos import Vocos, VocosConfig
from pipeline.audio.files import decode_audio
from pipeline.augment.sounds.lists import read_lists
from pipeline.browse.index import Question, RowIndex
from pipeline.browse.server import is_known_host, part_of
from pipeline.build.config import load_build_config
from pipeline.dataset.marks import read_marks
from pipeline.domain.domains import read_domain
from pipeline.domain.lexicon_files import read_lexicon
from pipeline.licences.terms import terms_of
from pipeline.records import Sentence, Slot, SpokenSentence
from pipeline.report.page import write_report
from pipeline.sentences.drawing.sentence_filter import read_blocklist
from pipeline.sentences.language_model.annotations import sentences_in
from pipeline.sentences.language_model.chat.completion import read_completion
from pipeline.sentences.language_model.chat.messages import ChatReply, ChatRequest, Usage
from pipeline.sentences.language_model.chat.reply_cache import KeptReplies
from pipeline.sentences.language_model.prompt_files import read_prompts
from pipeline.sentences.own.own_files import columns_of, data_files, read_rows
from pipeline.text.pronunciations import load_lexicon
from pipeline.text.spoken import TextConfig, text_frontend
from pipeline.verify.dataset import verify
from tests.fuzz.target import Target, reads
from tests.pipeline.normalization_pairs import PAIRS
from tests.pipeline.synthetic_build import seal_tones

ROOT = Path(__file__).resolve().parent.parent.parent


def _own(path: Path) -> None:
    columns = list(columns_of(path))
    for _ in read_rows(path, columns):
        pass


def _domain_with(name: str, seeds: Sequence[bytes], label: str) -> Target:
    def prepare(folder: Path) -> Sequence[bytes]:
        (folder / "templates").mkdir()
        (folder / "templates" / "greet.j2").write_text("Hello {{ city }}.\n")
        (folder / "lexicons").mkdir()
        (folder / "lexicons" / "city.csv").write_text("value,tags,country\nNice,sea,France\n")
        return seeds

    def parse(data: bytes, folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        domain = read_domain(folder)
        if name.startswith("prompts"):
            read_prompts(folder)
        for template in domain.templates():
            next(template.all_renderings())

    return Target(label, parse, prepare)


def _checkpoint(file: str, label: str) -> Target:
    def prepare(folder: Path) -> Sequence[bytes]:
        tiny = VocosConfig(dim=8, hidden_dim=8, num_layers=1)
        info = CheckpointInfo(kind="vocos", config=as_mapping(tiny), mel=MelConfig(f_max=None))
        save_checkpoint(folder, Vocos(tiny, info.mel), info)
        return [(folder / file).read_bytes()]

    def parse(data: bytes, folder: Path) -> None:
        (folder / file).write_bytes(data)
        load_checkpoint(folder)

    return Target(label, parse, prepare)


def _dataset(read: Callable[[Path], object], label: str) -> Target:
    def prepare(folder: Path) -> Sequence[bytes]:
        seal_tones(folder, 3)
        record = folder / "dataset" / "build.json"
        return [record.read_bytes(), json.dumps(json.loads(record.read_bytes())).encode()]

    def parse(data: bytes, folder: Path) -> None:
        (folder / "dataset" / "build.json").write_bytes(data)
        read(folder / "dataset")

    return Target(label, parse, prepare)


def _data_file(read: Callable[[Path], object], label: str) -> Target:
    def prepare(folder: Path) -> Sequence[bytes]:
        dataset = seal_tones(folder, 3)
        return [sorted((dataset / "data").iterdir())[0].read_bytes()]

    def parse(data: bytes, folder: Path) -> None:
        path = sorted((folder / "dataset" / "data").iterdir())[0]
        path.write_bytes(data)
        read(folder / "dataset")

    return Target(label, parse, prepare)


def _browse_target() -> Target:
    def prepare(folder: Path) -> Sequence[bytes]:
        seal_tones(folder, 3)
        return [b'lamp "on the" light\t3\t-5.5\t1\tseconds', b"\t0\tnan\t1e999\tindex"]

    def parse(data: bytes, folder: Path) -> None:
        text, *rest = data.decode(errors="replace").split("\t")
        numbers = [float(part) for part in rest if _is_number(part)]
        page = int(rest[0]) if rest and rest[0].lstrip("-").isdecimal() and len(rest[0]) < 99 else 0
        low, high = [*numbers, 0.0, 0.0][:2]
        order = rest[-1] if rest else "index"
        question = Question(text[:5000], "", "", text[:9], low, high, low, True, order, True, page)
        RowIndex(folder / "dataset").ask(question, [text])
        is_known_host(text, "0.0.0.0", order)
        part_of(b"0123456789", f"bytes={text}-{order}", "audio/flac")

    return Target("browse-questions", parse, prepare)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _sound(kind: str) -> Target:
    wave = 0.3 * np.sin(np.arange(4000) / 9)
    buffer = io.BytesIO()
    soundfile.write(buffer, wave, 16000, format=kind)
    seeds = [buffer.getvalue()]
    return Target(f"sound-{kind.lower()}", lambda data, _: decode_audio(data), lambda _: seeds)


def _table(suffix: str) -> Target:
    texts = [f"Sentence {number}." for number in range(40)]
    slots = [[{"name": "n", "value": text}] for text in texts]
    intents = pa.array(["on", "off"] * 20).dictionary_encode()
    table = pa.table({"text": texts, "intent": intents, "slots": slots})
    sink = pa.BufferOutputStream()
    if suffix == ".parquet":
        pq.write_table(table, sink)
    else:
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    return reads(f"own{suffix}", _own, [sink.getvalue().to_pybytes()], f"own{suffix}")


def _pickles() -> Sequence[bytes]:
    seeds = []
    for content in ({"a": torch.zeros(3)}, {"model": {"b": torch.ones(2, 2)}, "step": 3}):
        for zipped in (True, False):
            buffer = io.BytesIO()
            torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
            seeds.append(buffer.getvalue())
    return seeds


def _statistics() -> Sequence[bytes]:
    buffer = io.BytesIO()
    np.save(buffer, np.ones((2, 8), np.float32))
    return [buffer.getvalue()]


def _corpus(path: Path) -> None:
    read_corpora(CorpusConfig(path.parent), [])


def _said(data: bytes, _: Path) -> None:
    """Whatever is written, what is said is letters and marks alone, or the reject says why not."""
    texts = data.decode(errors="replace").split("\n")[:20]
    sentences = []
    for number, text in enumerate(texts):
        slots = tuple(Slot("a", word) for word in text.split()[1:3])
        sentences.append(Sentence(str(number), text, "fuzz", "", "", slots))
    for told in text_frontend(sentences, TextConfig(workers=1), seed=0):
        if isinstance(told, SpokenSentence):
            assert re.fullmatch(r"[a-z]([a-z' -]*[a-z'])?", told.transcript), told.transcript
            assert tokens_of(told.phonemes)
        else:
            assert "\n" not in told.reason, told.reason
            assert len(told.reason) < 4000, told.reason


def _training(name: str) -> Target:
    def read(path: Path) -> None:
        recipe = RECIPES[name]
        config = getattr(importlib.import_module(f"models.training.{recipe.module}"), recipe.config)
        load_config(config, path, [])

    seed = (ROOT / "configs" / "train" / f"{name}.yaml").read_bytes()
    return reads(f"{name}.yaml", read, [seed], f"train-{name}")


def _kept_reply() -> Target:
    request = ChatRequest("m", "Write.", "Hi.", {}, 0.7, 100)

    def prepare(folder: Path) -> Sequence[bytes]:
        KeptReplies(folder).put(request, ChatReply("Hi.", "m", Usage(3, 4)))
        return [KeptReplies(folder).path(request).read_bytes()]

    def parse(data: bytes, folder: Path) -> None:
        KeptReplies(folder).path(request).write_bytes(data)
        KeptReplies(folder).get(request)

    return Target("kept-reply", parse, prepare)


def _completion(data: bytes, _: Path) -> None:
    text = data.decode(errors="surrogateescape")
    content = read_completion(text, "m", Usage()).content
    with contextlib.suppress(ValueError):  # what it is documented to raise
        sentences_in(content)


_YAML = (
    b"name: x\nseed: 3\nsentences: {domain: home, count: 12}\n"
    b"voice: {acoustic_model: a, vocoder: b}\naugment: {noise: {folder: n, probability: 0.7},"
    b" gain_db: {low: -6, high: 0}}\n"
    b"output: {path: out, split: {train: 0.9, test: 0.1}}\nanchors: &a [1, 2]\nagain: *a\n"
)
_LEXICONS = {
    ".txt": b"# people\nMom | 5\nDr. Patel\n",
    ".csv": b"value,weight,tags,say,country\nParis,3,capital coast,,France\nNice,1,,ni\xcb\x90s,\n",
    ".yaml": b"- pizza\n- {value: chili, weight: 3, tags: [hot], say: b}\n- group: fruit\n"
    b"  weight: 2\n  values: &v [apple, {value: pear}]\n- {group: more, values: [kiwi]}\n",
}
_TEMPLATE = (
    b'Wake me in {{ city|tagged("sea") }}.\n'
    b"{% set x = city %}{% if x == 'Nice' %}{{ x }}{% else %}in {{ x.country|upper }}{% endif %}\n"
)
_PLS = (
    b'<?xml version="1.0"?><lexicon version="1.0" alphabet="ipa" xml:lang="en-US" '
    b'xmlns="http://www.w3.org/2005/01/pronunciation-lexicon"><lexeme><grapheme>lamp</grapheme>'
    b"<phoneme>l\xc3\xa6mp</phoneme></lexeme></lexicon>"
)
_GRID = (
    b'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n1\n<exists>\n1\n"IntervalTier"\n'
    b'"phones"\n0\n1\n2\n0\n0.5\n"AH0"\n0.5\n1\n""\n'
)
_REPLY = {"choices": [{"message": {"content": '{"sentences": ["Hi."]}'}, "finish_reason": "stop"}]}
_COMPLETION = json.dumps(_REPLY | {"model": "m", "usage": {"prompt_tokens": 1}}).encode()

_STATE = b'{"_data_files": [{"filename": "data-00000-of-00001.arrow"}], "_split": "train"}'
# A text of every kind of the pairs: readings are mixed with each other and with what is odd.
_WRITTEN = ["\n".join(written for written, _ in pairs).encode() for pairs in PAIRS.values()]

TARGETS = {
    target.name: target
    for target in [
        reads("build.yaml", lambda path: load_build_config(path), [_YAML], "config"),
        reads("settings.yaml", read_settings, [_YAML, b"a: !!python/tuple [1]\n"], "foreign-yaml"),
        reads("settings.json", read_settings, [json.dumps(yaml.safe_load(_YAML)).encode()], "json"),
        *(
            reads(f"a{kind}", read_lexicon, [seed], f"lexicon{kind}")
            for kind, seed in _LEXICONS.items()
        ),
        _domain_with("templates/greet.j2", [_TEMPLATE], "templates"),
        _domain_with(
            "domain.yaml",
            [b"title: x\nlicense: cc0\nintents: [greet]\nslots: {n: {low: 1, high: 9}}\n"],
            "domain.yaml",
        ),
        _domain_with(
            "prompts/any.prompt.j2",
            [b"Say {{ number }} {{ intent }}.{% for e in examples %}{{ e.text }}{% endfor %}"],
            "prompts",
        ),
        reads(
            "w.dict",
            lambda path: load_lexicon([path]),
            [b"lamp  L AE1 M P\nfan  F AE1 N\n"],
            "dict",
        ),
        reads("w.pls", lambda path: load_lexicon([path]), [_PLS], "pls"),
        reads("own.txt", _own, [b"Hello.\nGood bye.\n"], "own.txt"),
        reads("own.csv", _own, [b'text,intent\n"Hello, you.",greet\nBye.,part\n'], "own.csv"),
        reads("own.tsv", _own, [b'text\tintent\n"Hello."\tgreet\n'], "own.tsv"),
        reads("own.jsonl", _own, [b'{"text": "Hello.", "slots": [{"name": "a"}]}\n'], "own.jsonl"),
        _table(".arrow"),
        _table(".parquet"),
        *(_sound(kind) for kind in ("WAV", "FLAC", "OGG", "MP3", "AIFF")),
        reads(
            "sounds/sources.csv",
            lambda path: read_lists(path.parent),
            [
                b"path,class,license,attribution,source\na.wav,hiss,cc0,me,here\nb.wav,hum,cc0,me,x\n"
            ],
            "sources.csv",
        ),
        _checkpoint("checkpoint.yaml", "checkpoint.yaml"),
        _checkpoint("model.safetensors", "safetensors"),
        reads("a.pt", read_weights, _pickles(), "pickle"),
        reads("a.npy", read_weights, _statistics(), "statistics"),
        reads("v.json", read_speaker_vectors, [b'{"anna": [0.1, 0.2], "ben": [1, 2]}'], "vectors"),
        reads("m.jsonl", read_marks, [b'{"id": "home-1", "note": "cut"}\n{"id": "b"}\n'], "marks"),
        reads("metadata.csv", _corpus, [b"a1|anna|Hello there.|\na2|Bye.|Bye.\n"], "corpus"),
        reads("a.TextGrid", read_textgrid, [_GRID], "textgrid"),
        _dataset(partial(verify, workers=1), "record-verify"),
        _dataset(lambda dataset: write_report(dataset, dataset / "report.html"), "record-report"),
        _data_file(partial(verify, workers=1), "rows-verify"),
        _data_file(lambda dataset: RowIndex(dataset), "rows-browse"),
        _browse_target(),
        reads("saved/state.json", lambda path: data_files(path.parent), [_STATE], "saved-dataset"),
        reads("blocklist.txt", read_blocklist, [b"lamp post\n# no\nre: ca+t\n"], "blocklist"),
        reads("lines.txt", read_lines, [b"# lines\nquestion|Is it on?\n"], "voice-lines"),
        reads("metadata.csv", read_texts, [b"a1|anna|Hello there.\nBye.\n"], "teacher-lines"),
        reads(
            "sounds/metadata.jsonl",
            lambda path: read_lists(path.parent),
            [b'{"file_name": "a.wav", "class": "hiss", "license": "cc0"}\n'],
            "metadata.jsonl",
        ),
        reads(
            "provenance.jsonl",
            lambda path: read_provenance(path.parent),
            [
                b'{"id": "a", "speaker": "b", "text": "Hi.", "normalized_text": "Hi.", '
                b'"duration_s": 1}\n'
            ],
            "provenance",
        ),
        reads(
            "LJSpeech-1.1/metadata.csv",
            lambda path: list(lay_out_ljspeech(path.parent)),
            [b"LJ001-0001|Dr. No|Doctor No\n"],
            "ljspeech",
        ),
        *(_training(name) for name in ("fastspeech2", "recognizer", "hifigan", "melnet")),
        _kept_reply(),
        Target("spoken-text", _said, lambda _: _WRITTEN),
        Target("completion", _completion, lambda _: [_COMPLETION]),
        Target(
            "licences",
            lambda data, _: terms_of(data.decode(errors="replace")),
            lambda _: [
                b"CC BY-SA 4.0 AND mit + apache-2.0",
                b"https://creativecommons.org/licenses/by/4.0/",
            ],
        ),
    ]
}
