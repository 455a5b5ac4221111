import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import ConfigError, DataError
from pipeline.build.config import BuildConfig, check_build, load_build_config
from pipeline.build.stages import plan, stage_keys
from pipeline.records import SpokenSentence, WordRange
from pipeline.speech.other_voices import OtherVoices
from pipeline.verify.dataset import verify
from tests.conftest import MadeOnce
from tests.speech_server import SpeechServer, speech_server
from tests.tiny_build import rows_by_id, rows_of_build, run_stages, write_tiny_build
from tests.tiny_engine import write_piper_voice
from tests.tiny_voices import TinyVoices

pytest.importorskip("sherpa_onnx", reason="the engine of one of the sources")
pytest.importorskip("onnx", reason="what makes a voice ready")

OURS = "{engine: voxloom}"
HUM = "{engine: sherpa-onnx, folder: HUM, weight: 2}"
TTS = (
    "{engine: endpoint, model: tts, voices: {alloy: 1}, license: CC-BY-4.0,"
    " endpoint: {cache: CACHE, requests_per_minute: 60000}}"
)


@pytest.fixture(scope="session")
def hum(made_once: MadeOnce) -> Path:
    from models.engines.importing import import_piper

    def make(folder: Path) -> None:
        import_piper(write_piper_voice(folder), "CC0-1.0", folder / "hum")

    return made_once("hum", make) / "hum"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SpeechServer]:
    with speech_server(monkeypatch) as running:
        yield running


class Builds:
    """`builds(sources, *overrides)`: the config of a tiny build with these sources, whose words
    the shipped recognizer finds: a random one puts them anywhere.
    """

    def __init__(self, folder: Path, voices: TinyVoices, hum: Path) -> None:
        self.folder, self._hum = folder, hum
        self._path = write_tiny_build(folder, voices)

    def __call__(self, *sources: str, also: tuple[str, ...] = ()) -> BuildConfig:
        also = ("judge.recognizer=recognizer", *also)
        listed = f"[{', '.join(sources)}]".replace("HUM", str(self._hum))
        listed = listed.replace("CACHE", str(self.folder / "kept"))
        return load_build_config(self._path, [f"voice.sources={listed}", *also])


@pytest.fixture
def builds(tmp_path: Path, tiny_voices: TinyVoices, hum: Path) -> Builds:
    return Builds(tmp_path, tiny_voices, hum)


def test_a_build_mixes_sources_and_says_in_each_row_where_it_came_from(
    builds: Builds, server: SpeechServer
) -> None:
    config = builds(OURS, HUM, TTS, also=("sentences.count=14", "output.license=CC0-1.0"))
    check_build(config)
    dataset = run_stages(plan(config))
    rows = rows_by_id(dataset)
    assert verify(dataset) == []
    by_source: dict[str, list[dict]] = {}
    for row in rows.values():
        by_source.setdefault(row["speaker"].partition(":")[0], []).append(row)
    assert {"hum", "tts"} < set(by_source)
    (of_hum,) = {row["acoustic_model"] for row in by_source["hum"]}
    assert of_hum.startswith("hum@")
    assert {row["vocoder"].partition("@")[0] for row in by_source["hum"]} == {"sherpa-onnx"}
    assert {row["acoustic_model"] for row in by_source["tts"]} == {"tts"}
    assert all("cc-by-4.0" in row["license"] for row in by_source["tts"])
    assert not any("cc-by-4.0" in row["license"] for row in by_source["hum"])
    assert {row["sample_rate"] for row in rows.values()} == {22_050}
    for row in rows.values():
        assert " ".join(word["word"] for word in row["words"]) == row["transcript"]
    assert {sent["voice"] for sent in server.received} == {"alloy"}


def test_rows_do_not_depend_on_how_the_build_was_cut(builds: Builds) -> None:
    def rows(shard_size: int) -> dict[str, dict]:
        where = f"output.path={builds.folder}/{shard_size}"
        also = (f"runtime.shard_size={shard_size}", where, "sentences.count=6")
        return rows_of_build(plan(builds(OURS, HUM, also=also)))

    assert rows(2) == rows(6)


def test_speakers_of_all_sources_are_kept_to_a_split(builds: Builds) -> None:
    also = ("output.disjoint=[speaker]", "output.split={train: 0.5, test: 0.5}")
    rows = rows_of_build(plan(builds(OURS, HUM, also=also)))
    splits: dict[str, set[str]] = {}
    for row in rows.values():
        splits.setdefault(row["speaker"], set()).add(row["file"])
    assert all(len(found) == 1 for found in splits.values())


def test_a_quota_gives_every_voice_as_many_rows(builds: Builds) -> None:
    config = builds(OURS, HUM, also=("voice.quota={pace_bands: 1}", "sentences.count=12"))
    rows = rows_of_build(plan(config)).values()
    counts = [sum(row["speaker"] == name for row in rows) for name in ("hum:low", "hum:high")]
    assert counts == [3, 3]


def test_keys_follow_what_a_source_reads(builds: Builds) -> None:
    plain, mixed = stage_keys(builds()), stage_keys(builds(OURS, HUM))
    assert plain["frontend"] == mixed["frontend"]
    assert plain["synthesize"] != mixed["synthesize"]
    renamed = stage_keys(builds(OURS, HUM.replace("HUM", "HUM, license: CC-BY-4.0")))
    assert renamed["vocode"] == mixed["vocode"]
    assert renamed["manifest"] != mixed["manifest"]


def test_a_build_of_engines_alone_reads_no_checkpoint_of_ours(builds: Builds) -> None:
    digests = plan(builds(HUM)).inputs.digests
    assert "voices" in digests
    assert not {"acoustic_model", "vocoder"} & set(digests)


@pytest.mark.parametrize(
    ("source", "also", "told"),
    [
        (HUM.replace("HUM", "nowhere"), (), r"voice.sources\[0\].folder: nowhere: no voice.yaml"),
        (HUM.replace("HUM", "HUM, speakers: {deep: 1}"), (), "deep: no voice of hum; it has low"),
        (HUM, ("judge.recognizer=null",), "judge.recognizer: null, and it finds when"),
        (HUM, ("policy.commercial_only=true", "output.license=MIT", "augment={}"), ""),
        (
            HUM.replace("HUM", "HUM, license: CC-BY-NC-4.0"),
            ("policy.commercial_only=true", "output.license=MIT"),
            r"voice.sources\[0\].license: .*voice.yaml: its licence, CC-BY-NC-4.0",
        ),
        (TTS, ("text.accent=en-gb",), r"sources\[0\].accent: tts reads text in en-us"),
        (TTS, ("text.accent={en-us: 1, en-gb: 1}",), "en-gb: no voice of voice.sources speaks it"),
        (TTS, ("runtime.runner=processes",), "runtime.runner: processes; the pace and budget"),
        (TTS.replace("license: CC-BY-4.0,", ""), (), "license: missing"),
    ],
)
def test_what_is_missing_is_a_line_before_any_work(
    builds: Builds, server: SpeechServer, source: str, also: tuple[str, ...], told: str
) -> None:
    if not told:
        check_build(builds(source, also=also))
        return
    with pytest.raises((ConfigError, DataError), match=told):
        check_build(builds(source, also=also))
    assert not server.received


def test_an_endpoint_is_passed_over_for_what_it_cannot_follow(builds: Builds) -> None:
    voices = {"hum:low": 1.0, "tts:alloy": 1.0}
    plain = SpokenSentence("a", "I read.", "i read", "^ ˈaɪ | ɹ ˈiː d .", "en-us")
    marked = replace(plain, pronounced_words=(WordRange(1, 2),))
    british = replace(plain, accent="en-gb")
    both = OtherVoices(builds(HUM, TTS).voice.sources)
    assert both.able(voices, plain) == voices
    assert list(both.able(voices, marked)) == list(both.able(voices, british)) == ["hum:low"]
    with pytest.raises(DataError, match="can follow an inline pronunciation"):
        OtherVoices(builds(TTS).voice.sources).able({"tts:alloy": 1.0}, marked)


def test_an_endpoint_without_a_key_is_told(builds: Builds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert "OPENAI_API_KEY" not in os.environ
    with pytest.raises(DataError, match=r"no key in \$OPENAI_API_KEY"):
        check_build(builds(TTS))
