import pytest
import torch

from models import precision
from models.precision import fastest_autocast, fastest_precision


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "fastest_precision", fastest_precision.__wrapped__)
    monkeypatch.setattr(precision, "supports_bf16", lambda: True)


def _measured(monkeypatch: pytest.MonkeyPatch, bf16_s: float) -> None:
    monkeypatch.setattr(precision, "_convolution_s", lambda bf16: bf16_s if bf16 else 1.0)


@pytest.mark.parametrize(("bf16_s", "expected"), [(0.5, "bf16"), (2.5, "no")])
def test_bf16_where_it_is_faster(
    monkeypatch: pytest.MonkeyPatch, bf16_s: float, expected: str
) -> None:
    _measured(monkeypatch, bf16_s)
    chosen, reason = precision.fastest_precision("cpu")
    assert chosen == expected
    assert f"takes {bf16_s:.2f} of its float32 time" in reason
    with fastest_autocast("cpu"):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == (torch.bfloat16 if expected == "bf16" else torch.float32)


def test_float32_where_an_lstm_would_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    _measured(monkeypatch, 0.5)
    monkeypatch.setattr(precision, "supports_bf16", lambda: False)
    assert precision.fastest_precision("cpu")[0] == "no"


@pytest.mark.parametrize(("has_it", "expected"), [(True, "bf16"), (False, "no")])
def test_a_gpu_is_asked(monkeypatch: pytest.MonkeyPatch, has_it: bool, expected: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has_it)
    assert precision.fastest_precision("cuda")[0] == expected


def test_choosing_draws_no_random_numbers_and_works_without_gradients() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with torch.inference_mode():
        precision.fastest_precision("cpu")
        assert torch.equal(torch.rand(3), expected)


def test_a_copy_computes_its_large_layers_in_bf16() -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv1d(32, 48, 3),
        torch.nn.Conv1d(48, 48, 3, groups=48),
        torch.nn.Sequential(torch.nn.Conv1d(48, 1, 1)),
    )
    x = torch.randn(2, 32, 20)
    wanted = model(x)
    found = precision.in_precision(model, "bf16")
    assert [p.dtype for p in found.parameters()] == [torch.bfloat16] * 2 + [torch.float32] * 4
    assert found(x).dtype == torch.float32
    assert not torch.equal(found(x), wanted)
    torch.testing.assert_close(found(x), wanted, atol=0.02, rtol=0.02)
    assert torch.equal(model(x), wanted)


def test_fp32_is_another_copy_with_equal_results() -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv1d(32, 48, 3), torch.nn.Conv1d(48, 64, 1))
    x = torch.randn(2, 32, 20)
    found = precision.in_precision(model, "fp32")
    assert precision.in_precision(model, "fp32") is found
    assert precision.in_precision(model, "bf16") is not found
    assert {parameter.dtype for parameter in found.parameters()} == {torch.float32}
    torch.testing.assert_close(found(x), model(x))


def test_without_onednn_fp32_is_the_model_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_products", lambda: False)
    model = torch.nn.Linear(32, 48)
    assert precision.in_precision(model, "fp32") is model


def test_auto_is_bf16_where_that_is_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    for bf16_s, expected in ((0.5, "bf16"), (2.5, "fp32")):
        _measured(monkeypatch, bf16_s)
        assert precision.resolve_precision("auto", "cpu") == expected
        assert precision.resolve_precision("fp32", "cpu") == "fp32"
