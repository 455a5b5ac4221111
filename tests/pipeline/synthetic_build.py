"""A build without voices for the tests: tones where speech would be, everything else real."""

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.audio.files import encode_flac
from pipeline.build.seal import seal
from pipeline.dataset.build_record import BuildInfo
from pipeline.dataset.manifest import Row, assemble, write_part
from pipeline.dataset.output import OutputConfig
from pipeline.licences.summary import LicensedSource, RowLicences
from pipeline.records import (
    Channel,
    CleanClip,
    FinishedClip,
    JudgedClip,
    Judgement,
    MelClip,
    Noise,
    Performance,
    Quality,
    Reject,
    Room,
    Sentence,
    Slot,
    SpokenSentence,
    WordTime,
)
from pipeline.storage.shards import write_shard
from pipeline.text.slot_words import word_ranges
from tests.tiny_build import without_pages

SAMPLE_RATE = 16000
SPEAKERS = ("alba", "bruno", "chiara", "dag")
CONTACTS = ("Ada", "Grace Hopper", "Linus", "Margaret", "Nobody Ever Calls")
ROOMS = ("kitchen", "hall", "bedroom", "attic")
NOISES = ("none", "rain", "street", "babble")
NOISE_LICENCES = {"rain": "CC0-1.0", "street": "CC BY-SA 4.0", "babble": "CC BY 4.0"}
VOICE, VOCODER = "fastspeech2@0123456789abcdef", "vocos@fedcba9876543210"
COVERAGE = {
    "templates": ["call:1", "call:2", "lights:1", "lights:2", "lights:3"],
    "slot_values": {"contact": list(CONTACTS), "room": list(ROOMS)},
    "open_slots": ["time"],
}
CONFIG = {
    "output": {
        "path": "/somewhere/else",
        "license": "cc-by-4.0",
        "split": {"train": 0.8, "validation": 0.1, "test": 0.1},
    },
    "runtime": {"workers": 2},
}
SOURCES = (
    LicensedSource("sentences", "templates:home", "cc-by-4.0", "", "sentences.domain", "home"),
    LicensedSource("voice", VOICE, "Apache-2.0", "weights", "voice.acoustic_model", "checkpoint"),
    LicensedSource("vocoder", VOCODER, "MIT", "weights", "voice.vocoder", "checkpoint"),
    *(
        LicensedSource("noise", f"{name}-1.flac", licence, f"{name} by Ann", "augment.noise", name)
        for name, licence in NOISE_LICENCES.items()
    ),
    LicensedSource("room", "office.flac", "CC0-1.0", "", "augment.room", "office.flac"),
)


def sentence(index: int) -> Sentence:
    if index % 2:
        contact = CONTACTS[index % 4]
        text = f"Call {contact} number {_word(index)}, please."
        slots = (Slot("contact", contact),)
        return Sentence(f"home-{index:012x}", text, "home", "call:1", "call", slots)
    room = ROOMS[index // 2 % 3]
    text = f"Turn light {_word(index)} in the {room} on."
    template = f"lights:{1 + index // 2 % 2}"
    return Sentence(f"home-{index:012x}", text, "home", template, "lights", (Slot("room", room),))


def _word(index: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in str(index))


def spoken_sentence(written: Sentence) -> SpokenSentence:
    transcript = written.text.lower().translate(str.maketrans("", "", ",.?!"))
    phonemes = "^ " + " | ".join(" ".join(word) for word in transcript.split()) + " ."
    (slot_words,) = word_ranges([written], [transcript], list)
    return SpokenSentence(written.id, written.text, transcript, phonemes, "en-us", slot_words)


def mel_clip(spoken: SpokenSentence, rng: np.random.Generator) -> MelClip:
    words = spoken.transcript.split()
    lengths_s = rng.uniform(0.1, 0.3, len(words))
    ends_s = 0.1 + np.cumsum(lengths_s)
    times = zip(words, (ends_s - lengths_s).tolist(), ends_s.tolist(), strict=True)
    performance = Performance(
        speaker=SPEAKERS[int(rng.integers(len(SPEAKERS)))],
        pace=float(rng.uniform(0.9, 1.1)),
        pitch_semitones=float(rng.uniform(-1, 1)),
        energy=float(rng.uniform(0.9, 1.1)),
        words=tuple(WordTime(*time) for time in times),
        acoustic_model=VOICE,
        accent=spoken.accent,
        phonemes=spoken.phonemes,
    )
    return MelClip(spoken.id, performance, rng.normal(size=(8, 5)).astype(np.float16))


def tones(mel: MelClip, rng: np.random.Generator) -> np.ndarray:
    """A few gliding harmonics for each word, silence around it: (S,) float32."""
    num_samples = round((mel.performance.words[-1].end_s + 0.15) * SAMPLE_RATE)
    wave = np.zeros(num_samples)
    for word in mel.performance.words:
        first, last = round(word.start_s * SAMPLE_RATE), round(word.end_s * SAMPLE_RATE)
        pitch_hz = rng.uniform(90, 240) * np.linspace(1, rng.uniform(0.8, 1.2), last - first)
        phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE
        wave[first:last] = _harmonics(phase, rng) * np.hanning(last - first)
    return (0.2 * wave).astype(np.float32)


def _harmonics(phase: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The sum of sin(k * phase) / k for k up to 15, each at a level that is drawn."""
    before, sine, doubled = np.zeros_like(phase), np.sin(phase), 2 * np.cos(phase)
    total = np.zeros_like(phase)
    for k in range(1, 16):
        total += sine * (rng.uniform(0.2, 1) / k)
        before, sine = sine, doubled * sine - before
    return total


def finished_clip(mel: MelClip, rng: np.random.Generator) -> FinishedClip:
    wave = tones(mel, rng)
    noise = Noise()
    noise_class = NOISES[int(rng.integers(len(NOISES)))]
    if noise_class != "none":
        snr_db = float(rng.uniform(5, 25))
        background = rng.normal(size=len(wave)) * np.std(wave) * 10 ** (-snr_db / 20)
        wave = (wave + background).astype(np.float32)
        source, licence = f"{noise_class}-1.flac", NOISE_LICENCES[noise_class]
        noise = Noise(noise_class, source, licence, 1.5, snr_db, snr_db + 0.01)
    return FinishedClip(
        mel.id,
        sample_rate=SAMPLE_RATE,
        num_samples=len(wave),
        audio=encode_flac(wave, SAMPLE_RATE),
        noise=noise,
        room=Room("office.flac", "CC0-1.0", 0.4) if rng.random() < 0.4 else Room(),
        channel=Channel(gain_db=-3.0),
        quality=Quality(0.0, 0.2, -23.0),
    )


def judged_clip(mel: MelClip, phone_error_rate: float = 0.1) -> JudgedClip:
    """The clip of `mel` as the judge let it pass at the first attempt, without its audio."""
    judgement = Judgement(phone_error_rate, 1, 0, 1, 0.02, 12.0, 0.1, -24.0, 30.0, 0.0, 0.0)
    clean = CleanClip(mel.id, VOCODER, SAMPLE_RATE, 0, b"")
    return JudgedClip(mel.id, 0, mel.performance, clean, judgement)


def rows_of(indices: Iterable[int], seed: int = 7) -> list[Row]:
    """Dataset rows as `assemble` makes them; row `index` is the same in any company."""
    rows = []
    for index in indices:
        rng = np.random.default_rng(index)
        written = sentence(index)
        spoken = spoken_sentence(written)
        mel = mel_clip(spoken, rng)
        clip = finished_clip(mel, rng)
        judged = judged_clip(mel, float(rng.beta(2, 14)))
        made = assemble(
            [written],
            [spoken],
            [judged],
            [clip],
            seed,
            RowLicences.of_sources("cc-by-4.0", SOURCES),
        )
        rows += [row for row in made if not isinstance(row, Reject)]
    return rows


def without_speech(row: Row) -> Row:
    """The row as it would be if nobody spoke in it."""
    unsaid = dict.fromkeys(("text", "normalized_text", "transcript", "phonemes", "template"), "")
    nobody = dict.fromkeys(("speaker", "accent", "acoustic_model", "vocoder"), "none")
    negative = {"kind": "silence", "near_to": "", "distance": None}
    return row | unsaid | nobody | {"words": [], "slots": [], "negative": negative}


def build_info(name: str = "tones", seed: int = 7) -> BuildInfo:
    return BuildInfo(
        name=name,
        seed=seed,
        config=CONFIG | {"name": name},
        digests={"acoustic_model": "0123456789abcdef"},
        coverage=COVERAGE,
        sources=SOURCES,
    )


def rejects() -> list[Reject]:
    return [
        Reject("home-aaaaaaaaaaa1", "augment", "phone error rate 0.91, at most 0.70 is allowed"),
        Reject("home-aaaaaaaaaaa2", "augment", "phone error rate 0.75, at most 0.70 is allowed"),
        Reject("home-aaaaaaaaaaa3", "frontend", "`xqz` has no phonemes"),
    ]


def seal_tones(
    folder: Path,
    num_rows: int = 12,
    part_size: int = 5,
    name: str = "tones",
    output: OutputConfig | None = None,
    *,
    pages: bool = True,
) -> Path:
    """Seal a dataset of tones at `folder/dataset`, with or without its pages; returns its path."""
    parts = []
    for start in range(0, num_rows, part_size):
        part = folder / "work" / f"part-{start}.parquet"
        stop = min(start + part_size, num_rows)
        parts.append(write_part(part, rows_of(range(start, stop))))
    rejected = write_shard(folder / "work" / "rejected.parquet", rejects(), FinishedClip)
    output = output or OutputConfig(path=folder / "dataset")
    info = build_info(name)
    output_told = info.config["output"] | {"split": dict(output.split)}
    told = {**info.config, "output": output_told}
    with nullcontext() if pages else without_pages():
        return seal(parts, [rejected], replace(info, config=told), output)
