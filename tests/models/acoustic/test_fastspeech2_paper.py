import dataclasses
import math
from pathlib import Path

import pytest
import torch

from models.acoustic.fastspeech2_paper import (
    FastSpeech2Paper,
    FastSpeech2PaperConfig,
    FftBlock,
    Output,
    Prosody,
    Scales,
    VarianceConfig,
)
from models.checkpoint import CheckpointInfo, load_checkpoint, save_checkpoint
from models.config import as_mapping
from models.mel import MelConfig
from models.speakers.mixing import with_voices
from models.voice import Controls, Speech

SYMBOLS = ("_", "@AA1", "@B", "@OW0", "@T", "@sp")
SENTENCES = ([1, 2, 5, 4, 3], [1, 5, 2, 4, 3, 2, 5, 4], [1, 2, 3])
OF_SYMBOLS = FastSpeech2PaperConfig(
    dim=16,
    encoder_layers=2,
    decoder_layers=2,
    hidden_dim=24,
    kernel_sizes=(5, 3),
    predictor_dim=16,
    num_bins=32,
    pitch=VarianceConfig(low=-2.0, high=3.0, mean=180.0, deviation=40.0),
    energy=VarianceConfig(low=-2.0, high=3.0, mean=40.0, deviation=30.0),
    postnet_dim=16,
    multi_speaker=True,
)
OF_FRAMES = dataclasses.replace(
    OF_SYMBOLS,
    pitch=VarianceConfig(level="frame", spacing="log", low=60.0, high=700.0),
    energy=VarianceConfig(level="frame", low=0.1, high=300.0),
    multi_speaker=False,
)
MIXED = dataclasses.replace(OF_SYMBOLS, pitch=OF_FRAMES.pitch)
CONFIGS = pytest.mark.parametrize(
    "config", [OF_SYMBOLS, OF_FRAMES, MIXED], ids=["symbols", "frames", "mixed"]
)


def _model(config: FastSpeech2PaperConfig) -> FastSpeech2Paper:
    """Random weights, about six frames a symbol, predictions that spread over the bins."""
    torch.manual_seed(0)
    speakers = ("anna", "ben", "cleo") if config.multi_speaker else ("anna",)
    model = FastSpeech2Paper(config, MelConfig(n_mels=20), SYMBOLS, speakers).eval()
    with torch.no_grad():
        model.duration_predictor.line.bias.fill_(math.log(7))
        for variance in (model.pitch, model.energy):
            low, high = variance.edges[0], variance.edges[-1]
            variance.predictor.line.weight.mul_((high - low) / 2)
            variance.predictor.line.bias.copy_((high + low) / 2)
            variance.embedding.weight.mul_(0.3)
        for block in model.postnet.convolutions:
            block.norm.running_mean.normal_(std=0.3)
    return model


def _padded(sentences: tuple[list[int], ...]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    symbols = torch.zeros(len(sentences), int(lengths.max()), dtype=torch.long)
    for row, sentence in zip(symbols, sentences, strict=True):
        row[: len(sentence)] = torch.tensor(sentence)
    return symbols, lengths, torch.arange(len(sentences)) % 2


def _controls(size: int, **changed: float) -> Controls:
    values = {"pace": 1.0, "pitch_semitones": 0.0, "energy": 1.0, "pitch_range": 1.0} | changed
    return Controls(*(torch.full((size,), values[name]) for name in Controls._fields))


def _say(model: FastSpeech2Paper, sentences: tuple[list[int], ...], **changed: float) -> Speech:
    return model.synthesize(*_padded(sentences), _controls(len(sentences), **changed))


def _infer(model: FastSpeech2Paper, mask_padding: bool, *factors: float) -> Output:
    scales = Scales(*(torch.full((len(SENTENCES),), factor) for factor in factors or (1, 1, 1)))
    return model.infer(*_padded(SENTENCES), scales, mask_padding)


def _prosody(model: FastSpeech2Paper, lengths: torch.Tensor, size: int) -> Prosody:
    """Zero beyond each length, of whatever level the model has."""
    generator = torch.Generator().manual_seed(3)
    inside = torch.arange(size)[None] < lengths[:, None]
    durations = torch.randint(1, 6, (len(lengths), size), generator=generator) * inside
    frames = durations.sum(dim=1)

    def values(variance: VarianceConfig) -> torch.Tensor:
        ends = lengths if variance.level == "symbol" else frames
        mask = torch.arange(int(ends.max()))[None] < ends[:, None]
        share = torch.rand(mask.shape, generator=generator)
        return (variance.low + share * (variance.high - variance.low)) * mask

    return Prosody(durations, values(model.config.pitch), values(model.config.energy))


@CONFIGS
def test_shapes(config: FastSpeech2PaperConfig) -> None:
    speech = _say(_model(config), SENTENCES)
    assert speech.durations.shape == (3, 8)
    assert speech.lengths.tolist() == speech.durations.sum(dim=1).tolist()
    assert speech.mels.shape == (3, 20, int(speech.lengths.max()))
    assert speech.durations[0, 5:].eq(0).all()
    assert speech.faults == ((), (), ())


@CONFIGS
def test_synthesis_in_a_batch_equals_alone(config: FastSpeech2PaperConfig) -> None:
    model = _model(config)
    symbols, lengths, speakers = _padded(SENTENCES)
    together = model.synthesize(symbols, lengths, speakers, _controls(3, pitch_semitones=2.0))
    for row, length in enumerate(lengths.tolist()):
        own = (symbols[row : row + 1, :length], lengths[row : row + 1], speakers[row : row + 1])
        alone = model.synthesize(*own, _controls(1, pitch_semitones=2.0))
        num_frames = int(alone.lengths)
        assert int(together.lengths[row]) == num_frames
        torch.testing.assert_close(
            together.mels[row, :, :num_frames], alone.mels[0], atol=1e-4, rtol=1e-4
        )
        assert (together.mels[row, :, num_frames:] == model.mel.silence).all()


@CONFIGS
def test_teacher_forced_batch_equals_alone(config: FastSpeech2PaperConfig) -> None:
    model = _model(config)
    symbols, lengths, speakers = _padded(SENTENCES)
    prosody = _prosody(model, lengths, symbols.shape[1])
    together = model(symbols, lengths, speakers, prosody)
    for row, length in enumerate(lengths.tolist()):
        durations = prosody.durations[row : row + 1, :length]
        sizes = {"symbol": length, "frame": int(durations.sum())}
        pitch = prosody.pitch[row : row + 1, : sizes[config.pitch.level]]
        energy = prosody.energy[row : row + 1, : sizes[config.energy.level]]
        alone = model(
            symbols[row : row + 1, :length],
            lengths[row : row + 1],
            speakers[row : row + 1],
            Prosody(durations, pitch, energy),
        )
        for ours, theirs in zip(together, alone, strict=True):
            ours = ours[row, : theirs.shape[1]] if theirs.dim() > 1 else ours[row]
            torch.testing.assert_close(ours, theirs[0], atol=1e-4, rtol=1e-4)


@CONFIGS
def test_padding_as_in_the_public_code_reaches_the_short_items(
    config: FastSpeech2PaperConfig,
) -> None:
    model = _model(config)
    model.duration_predictor.line.weight.data.zero_()  # equally long symbols
    masked, public = _infer(model, True), _infer(model, False)
    assert torch.equal(masked.lengths, public.lengths)
    end = int(masked.lengths[1])  # the longest: nothing beyond it
    torch.testing.assert_close(
        masked.refined[1, :end], public.refined[1, :end], atol=1e-4, rtol=1e-4
    )
    short = int(masked.lengths[2])
    assert not torch.allclose(masked.refined[2, :short], public.refined[2, :short], atol=1e-3)


def test_public_controls_scale_what_was_predicted() -> None:
    plain, scaled = (_infer(_model(OF_SYMBOLS), True, *f) for f in ((1, 1, 1), (1.5, 1.25, 0.5)))
    torch.testing.assert_close(scaled.durations, plain.durations * 1.5)
    assert scaled.lengths.tolist() == scaled.durations.long().sum(dim=1).tolist()
    torch.testing.assert_close(scaled.pitch, plain.pitch * 1.25)


@pytest.mark.parametrize(
    ("name", "changed", "factor"),
    [
        ("pitch", {"pitch_semitones": 12.0}, 2.0),
        ("pitch", {"pitch_semitones": -5.0}, 2 ** (-5 / 12)),
        ("energy", {"energy": 1.5}, 1.5),
    ],
)
def test_controls_multiply_hertz_and_amplitude(
    name: str, changed: dict[str, float], factor: float
) -> None:
    model = _model(OF_SYMBOLS)
    seen = []
    variance, scale = getattr(model, name), getattr(OF_SYMBOLS, name)
    variance.register_forward_hook(lambda _, __, output: seen.append(output[1]))
    for one in ({}, changed):
        _say(model, SENTENCES[:1], **one)
    plain, moved = (values * scale.deviation + scale.mean for values in seen)
    torch.testing.assert_close(moved, plain * factor, atol=1e-3, rtol=1e-4)


def test_double_pace_halves_the_clip() -> None:
    model = _model(OF_SYMBOLS)
    slow, fast = (int(_say(model, SENTENCES[1:2], pace=pace).lengths) for pace in (0.5, 1.0))
    assert slow / fast == pytest.approx(2.0, rel=0.15)


def test_an_item_without_frames_is_a_fault_and_not_an_error() -> None:
    model = _model(OF_SYMBOLS)
    with torch.no_grad():
        model.duration_predictor.line.weight.zero_()
        model.duration_predictor.line.bias.fill_(-3.0)
    speech = _say(model, SENTENCES)
    assert speech.lengths.tolist() == [1, 1, 1]
    assert speech.faults == (("no symbol lasts a frame",),) * 3


def test_bins_are_spaced_as_asked() -> None:
    linear = VarianceConfig(low=-1.0, high=3.0).edges(5)
    assert linear.tolist() == pytest.approx([-1.0, 1 / 3, 5 / 3, 3.0])
    log = VarianceConfig(spacing="log", low=50.0, high=400.0).edges(5)
    assert log.tolist() == pytest.approx([50.0, 100.0, 200.0, 400.0])


def test_saved_model_speaks_as_before(tmp_path: Path) -> None:
    model = _model(OF_FRAMES)
    info = CheckpointInfo(
        kind="fastspeech2-paper",
        config=as_mapping(OF_FRAMES),
        mel=model.mel,
        symbols=SYMBOLS,
        speakers=("anna",),
        alphabet="arpabet",
    )
    save_checkpoint(tmp_path, model, info)
    again = load_checkpoint(tmp_path)
    assert again.model.config == OF_FRAMES
    assert again.info.alphabet == "arpabet"
    assert torch.equal(_say(again.model, SENTENCES).mels, _say(model, SENTENCES).mels)


def test_voices_between_speakers_can_be_made() -> None:
    model = with_voices(_model(OF_SYMBOLS), ("anna", "mix(anna,ben,0.40)"))
    rows = model.speaker_embedding.weight
    torch.testing.assert_close(rows[-1], 0.6 * rows[0] + 0.4 * rows[1])


def test_transformer_block_exports_for_any_length() -> None:
    block = FftBlock(OF_SYMBOLS, 2, 0.1).eval()
    length = torch.export.Dim("L", min=2, max=2000)
    mask = torch.arange(9)[None] < torch.tensor([9, 5])[:, None]
    sizes = ({1: length}, {1: length}, {1: length})
    program = torch.export.export(block, (torch.randn(2, 9, 16), mask, mask), dynamic_shapes=sizes)
    x, mask = torch.randn(2, 30, 16), torch.ones(2, 30, dtype=torch.bool)
    torch.testing.assert_close(
        program.module()(x, mask, mask), block(x, mask, mask), atol=1e-5, rtol=1e-4
    )


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"dim": 15}, "dim"),
        ({"encoder_heads": 3}, "encoder_heads"),
        ({"decoder_heads": 3}, "decoder_heads"),
        ({"kernel_sizes": (4, 1)}, "kernel_sizes"),
        ({"num_bins": 2}, "num_bins"),
    ],
)
def test_impossible_sizes_are_refused(changed: dict[str, object], key: str) -> None:
    with pytest.raises(ValueError, match=f"^{key}: "):
        dataclasses.replace(OF_SYMBOLS, **changed)


@pytest.mark.parametrize(
    "changed", [{"low": 3.0}, {"spacing": "log", "low": -1.0}, {"deviation": 0.0}]
)
def test_impossible_variances_are_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"^(low|deviation): "):
        dataclasses.replace(VarianceConfig(low=-1.0, high=2.0), **changed)
