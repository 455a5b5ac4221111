"""Every export as its consumer reads it: through the toolkit's own library where there is one.

NeMo, ESPnet and openWakeWord are not installed; theirs are read by the rules of their loaders:
NeMo's tar files through webdataset, which is what NeMo itself reads them with.
"""

import hashlib
import importlib.util
import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np
import soundfile

from pipeline.dataset.files import data_files
from pipeline.export.clips import read_clips


@dataclass(frozen=True, slots=True)
class ReadClip:
    """What a trainer gets of a clip; `samples` (S,) int16, `words` where the layout has them."""

    id: str
    text: str
    speaker: str
    duration_s: float
    samples: np.ndarray = field(repr=False)
    words: tuple[tuple[str, float, float], ...] | None = None

    @property
    def key(self) -> tuple[str, str, str, float, str]:
        """Equal for equal clips; microseconds are enough to tell samples apart."""
        digest = hashlib.sha256(self.samples.astype("<i2").tobytes()).hexdigest()
        return self.id, self.text, self.speaker, round(self.duration_s, 6), digest


def read_dataset(dataset: Path, split: str) -> Iterator[ReadClip]:
    """What all others must equal."""
    for path in data_files(dataset):
        if path.name.startswith(f"{split}-"):
            for clip in read_clips(path):
                row = clip.row
                words = tuple((w["word"], w["start_s"], w["end_s"]) for w in row["words"])
                samples = _samples(io.BytesIO(clip.sound))
                text, speaker = row["transcript"], row["speaker"]
                yield ReadClip(clip.id, text, speaker, row["duration_s"], samples, words)


def read_nemo(out: Path, split: str) -> Iterator[ReadClip]:
    for line in _json_lines(out / f"{split}_manifest.json"):
        yield _nemo(line, _samples(out / line["audio_filepath"]))


def read_nemo_tarred(out: Path, split: str) -> Iterator[ReadClip]:
    from webdataset import WebDataset

    lines = list(_json_lines(out / split / "tarred_audio_manifest.json"))
    by_name = {line["audio_filepath"].partition(".")[0]: line for line in lines}
    assert len(by_name) == len(lines)
    shards = sorted({line["shard_id"] for line in lines})
    assert shards == list(range(len(shards)))
    for shard in shards:
        own = list(_json_lines(out / split / "sharded_manifests" / f"manifest_{shard}.json"))
        assert own == [line for line in lines if line["shard_id"] == shard]
        tar = WebDataset(str(out / split / f"audio_{shard}.tar"), shardshuffle=False)
        for sample in tar.rename(audio="wav;mp3;flac;ogg", key="__key__").to_tuple("audio", "key"):
            line = by_name[sample[1]]
            assert line["shard_id"] == shard
            yield _nemo(line, _samples(io.BytesIO(sample[0])))


def read_lhotse(out: Path, split: str) -> Iterator[ReadClip]:
    import lhotse

    for name in ("recordings", "supervisions", "cuts"):
        manifest = lhotse.load_manifest_lazy(out / f"voxloom_{name}_{split}.jsonl.gz")
        if name == "cuts":
            yield from map(_lhotse, manifest)
        else:
            for item in manifest:
                lhotse.validate(item)


def read_lhotse_shar(out: Path, split: str) -> Iterator[ReadClip]:
    from lhotse import CutSet

    yield from map(_lhotse, CutSet.from_shar(in_dir=out / split))


def read_kaldi(out: Path, split: str) -> Iterator[ReadClip]:
    import kaldi_native_io
    import kaldiio

    folder = out / split
    tables = {name: _table(folder / name) for name in ("text", "utt2spk", "utt2dur")}
    segments = kaldiio.load_scp(str(folder / "wav.scp"), segments=str(folder / "segments"))
    words = _ctm(folder / "ctm")
    with kaldi_native_io.SequentialWaveReader(f"scp:{folder / 'wav.scp'}") as waves:
        for utterance, wave in waves:
            samples = wave.data.numpy()[0].astype(np.int16)  # Kaldi keeps 16 bit as whole floats
            rate, segment = segments[utterance]
            assert rate == wave.sample_freq
            np.testing.assert_array_equal(segment, samples)
            speaker = tables["utt2spk"][utterance]
            yield ReadClip(
                utterance.removeprefix(f"{speaker}-"),
                tables["text"][utterance],
                speaker,
                float(tables["utt2dur"][utterance]),
                samples,
                words.get(utterance, ()),
            )


def read_espnet(out: Path, split: str) -> Iterator[ReadClip]:
    name = {"validation": "valid"}.get(split, split)
    dump, data = out / "dump" / "raw" / name, out / "data" / name
    for table in ("wav.scp", "text", "utt2spk", "spk2utt"):
        assert (dump / table).read_bytes() == (data / table).read_bytes()
    assert (dump / "feats_type").read_text() == "raw\n"
    audio_format = (dump / "audio_format").read_text()
    texts, speakers = _table(dump / "text"), _table(dump / "utt2spk")
    lengths = _table(dump / "utt2num_samples")
    for utterance, path in _table(dump / "wav.scp").items():
        assert path.endswith(f".{audio_format.strip()}")
        samples, rate = soundfile.read(path, dtype="int16")
        assert len(samples) == int(lengths[utterance])
        speaker = speakers[utterance]
        row_id = utterance.removeprefix(f"{speaker}-")
        yield ReadClip(row_id, texts[utterance], speaker, len(samples) / rate, samples)


def read_speechbrain(out: Path, split: str) -> Iterator[ReadClip]:
    from speechbrain.dataio.dataio import read_audio
    from speechbrain.dataio.dataset import DynamicItemDataset
    from speechbrain.utils.importutils import LazyModule

    # Asked anything, these import what is not installed; hypothesis asks all modules.
    for name in [name for name, module in sys.modules.items() if isinstance(module, LazyModule)]:
        del sys.modules[name]
    dataset = DynamicItemDataset.from_csv(
        str(out / f"{split}.csv"),
        replacements={"data_root": str(out)},
        dynamic_items=[{"func": read_audio, "takes": "wav", "provides": "sig"}],
        output_keys=["id", "duration", "sig", "spk_id", "wrd"],
    )
    for item in dataset:
        samples = _whole(item["sig"].numpy())
        yield ReadClip(item["id"], item["wrd"], item["spk_id"], item["duration"], samples)


def read_webdataset(out: Path, split: str) -> Iterator[ReadClip]:
    from webdataset import WebDataset

    tars = [str(path) for path in sorted(out.glob(f"{split}-*.tar"))]
    for sample in WebDataset(tars, shardshuffle=False):
        row = json.loads(sample["json"])
        assert sample["txt"].decode() == row["transcript"]
        assert sample["__key__"] == row["id"]
        (sound,) = (sample[name] for name in ("flac", "wav", "opus", "mp3") if name in sample)
        samples = _samples(io.BytesIO(sound))
        words = tuple((word["word"], word["start_s"], word["end_s"]) for word in row["words"])
        yield ReadClip(
            row["id"], row["transcript"], row["speaker"], row["duration_s"], samples, words
        )


def read_hf_audiofolder(out: Path, split: str) -> Iterator[ReadClip]:
    from datasets import Audio, load_dataset

    cache = out.parent / f".{out.name}-cache"
    with _without_torchcodec():
        loaded = load_dataset("audiofolder", data_dir=str(out), cache_dir=str(cache))
    for row in loaded[split].cast_column("audio", Audio(decode=False)):
        words = tuple(
            (word["word"], word["start_s"], word["end_s"]) for word in json.loads(row["words"])
        )
        samples = _samples(Path(row["audio"]["path"]))
        yield ReadClip(
            row["id"], row["transcript"], row["speaker"], row["duration_s"], samples, words
        )


def read_ljspeech(out: Path, split: str) -> Iterator[ReadClip]:
    """Through our own reader of corpora; `text` is the normalized text as words."""
    from models.phonology.phonemes import words_of
    from models.training.corpus import CorpusConfig, read_corpora

    speakers = dict(
        line.split("|") for line in (out / split / "speakers.csv").read_text().splitlines()
    )
    for recording in read_corpora(CorpusConfig(root=out / split)):
        samples, rate = soundfile.read(recording.path, dtype="int16")
        row_id = recording.path.stem
        text = " ".join(words_of(recording.text))
        yield ReadClip(row_id, text, speakers[row_id], len(samples) / rate, samples)


def read_openwakeword(out: Path, split: str) -> Iterator[ReadClip]:
    """As openwakeword/train.py lists clips, with scipy; `test` are all splits but `train`."""
    from scipy.io import wavfile

    use = "train" if split == "train" else "test"
    rows = {row["path"]: row for row in _json_lines(out / "clips.jsonl")}
    for kind in ("positive", "negative"):
        for path in sorted((out / f"{kind}_{use}").glob("*.wav")):
            rate, samples = wavfile.read(path)
            assert rate == 16000
            row = rows[path.relative_to(out).as_posix()]
            assert row["negative"]["kind"] == "none" or kind == "negative"
            text, speaker = row["transcript"], row["speaker"]
            yield ReadClip(path.stem, text, speaker, len(samples) / rate, samples)


READERS: dict[str, Callable[[Path, str], Iterator[ReadClip]]] = {
    "nemo": read_nemo,
    "nemo-tarred": read_nemo_tarred,
    "lhotse": read_lhotse,
    "lhotse-shar": read_lhotse_shar,
    "kaldi": read_kaldi,
    "espnet": read_espnet,
    "speechbrain": read_speechbrain,
    "webdataset": read_webdataset,
    "hf-audiofolder": read_hf_audiofolder,
    "ljspeech": read_ljspeech,
    "openwakeword": read_openwakeword,
}


@contextmanager
def _without_torchcodec() -> Iterator[None]:
    """Let `datasets` name sound files where torchcodec, which needs FFmpeg, is not installed.

    It imports torchcodec's encoder for every example, and uses it only for waves in memory.
    """
    if importlib.util.find_spec("torchcodec") is not None:
        yield
        return
    stand_ins = {name: ModuleType(name) for name in ("torchcodec", "torchcodec.encoders")}
    vars(stand_ins["torchcodec.encoders"])["AudioEncoder"] = None
    with patch.dict(sys.modules, stand_ins):
        yield


def _samples(file: Path | io.BytesIO) -> np.ndarray:
    samples, _ = soundfile.read(file, dtype="int16")
    return samples


def _whole(wave: np.ndarray) -> np.ndarray:
    return np.rint(wave * 32768).astype(np.int16)


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _table(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {line.partition(" ")[0]: line.partition(" ")[2] for line in lines}


def _ctm(path: Path) -> dict[str, tuple[tuple[str, float, float], ...]]:
    words: dict[str, tuple[tuple[str, float, float], ...]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        utterance, _, start, length, word = line.split(" ")
        heard = (word, float(start), float(start) + float(length))
        words[utterance] = (*words.get(utterance, ()), heard)
    return words


def _nemo(line: dict[str, Any], samples: np.ndarray) -> ReadClip:
    words = tuple((word["word"], word["start_s"], word["end_s"]) for word in line["words"])
    return ReadClip(line["id"], line["text"], line["speaker"], line["duration"], samples, words)


def _lhotse(cut: Any) -> ReadClip:
    import lhotse

    lhotse.validate(cut)
    samples = _whole(cut.load_audio()[0])
    if not cut.supervisions:
        assert cut.custom["negative"]["kind"] == "silence"
        return ReadClip(cut.id, "", "none", cut.duration, samples, ())
    (said,) = cut.supervisions
    words = tuple((item.symbol, item.start, item.end) for item in said.alignment["word"])
    return ReadClip(cut.id, said.text, said.speaker, cut.duration, samples, words)
