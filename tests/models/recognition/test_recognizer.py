import pytest
import torch

from models.mel import MelConfig
from models.recognition.recognizer import BLANK, Recognizer, RecognizerConfig, center, ctc_loss

SYMBOLS = (BLANK, "a", "b", "t")
TINY = RecognizerConfig(dim=16, hidden_dim=32, num_layers=2, kernel_size=5, dropout=0.0)


@pytest.fixture
def recognizer() -> Recognizer:
    torch.manual_seed(0)
    return Recognizer(TINY, MelConfig(n_mels=20), SYMBOLS).eval()


@pytest.mark.parametrize("num_frames", [1, 2, 9, 10])
def test_two_frames_make_one_output(recognizer: Recognizer, num_frames: int) -> None:
    log_probs, lengths = recognizer(torch.randn(1, 20, num_frames), torch.tensor([num_frames]))
    assert log_probs.shape == (1, (num_frames + 1) // 2, 4)
    assert lengths.tolist() == [(num_frames + 1) // 2]
    torch.testing.assert_close(log_probs.exp().sum(dim=-1), torch.ones(1, log_probs.shape[1]))


def test_padded_batch_equals_alone(recognizer: Recognizer) -> None:
    mels, lengths = torch.randn(3, 20, 30) - 4, torch.tensor([30, 17, 8])
    together, _ = recognizer(mels, lengths)
    for row, length in enumerate(lengths.tolist()):
        alone, outputs = recognizer(mels[row : row + 1, :, :length], lengths[row : row + 1])
        torch.testing.assert_close(together[row, : int(outputs)], alone[0], atol=1e-4, rtol=1e-4)


def test_level_does_not_matter(recognizer: Recognizer) -> None:
    mels, lengths = torch.randn(2, 20, 12), torch.tensor([12, 9])
    quiet, _ = recognizer(mels, lengths)
    loud, _ = recognizer(mels + 3.0, lengths)
    torch.testing.assert_close(quiet, loud, atol=1e-4, rtol=1e-4)


def test_center_ignores_what_lies_beyond() -> None:
    mels, lengths = torch.randn(1, 20, 10), torch.tensor([6])
    changed = mels.clone()
    changed[:, :, 6:] = 99.0
    assert torch.equal(center(mels, lengths), center(changed, lengths))
    torch.testing.assert_close(center(mels, lengths)[:, :, :6].mean(), torch.tensor(0.0))


def test_learns_one_utterance_by_heart(recognizer: Recognizer) -> None:
    phones = [1, 2, 3, 3, 1]
    sounds = 3 * torch.randn(len(SYMBOLS), 20)
    frames = [sounds[phone] for phone in phones for _ in range(6)]
    mel, lengths = torch.stack(frames, dim=1)[None], torch.tensor([30])
    targets, target_lengths = torch.tensor([phones]), torch.tensor([5])
    optimizer = torch.optim.AdamW(recognizer.parameters(), lr=1e-2)
    recognizer.train()
    for _ in range(60):
        loss = ctc_loss(*recognizer(mel, lengths), targets, target_lengths)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    output = recognizer.eval().transcribe(mel, lengths)
    assert output == [[SYMBOLS[phone] for phone in phones]]


@pytest.mark.parametrize(
    ("path", "phones"),
    [
        ([0, 0, 1, 1, 0, 2], ["a", "b"]),
        ([1, 1, 1], ["a"]),
        ([1, 0, 1, 2, 2, 1], ["a", "a", "b", "a"]),
        ([0, 0], []),
        ([], []),
    ],
)
def test_collapse(recognizer: Recognizer, path: list[int], phones: list[str]) -> None:
    assert recognizer._collapse(path) == phones


def test_transcribe_stops_at_each_length(recognizer: Recognizer) -> None:
    mels = torch.randn(2, 20, 40)
    together = recognizer.transcribe(mels, torch.tensor([40, 10]))
    assert together[1] == recognizer.transcribe(mels[1:, :, :10], torch.tensor([10]))[0]


def test_even_kernel_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^kernel_size: "):
        RecognizerConfig(kernel_size=4)


def test_exports_to_a_graph_for_any_length(recognizer: Recognizer) -> None:
    frames = torch.export.Dim("half_frames", min=4, max=500) * 2
    program = torch.export.export(
        recognizer,
        (torch.randn(2, 20, 16), torch.tensor([16, 9])),
        dynamic_shapes={"mels": {2: frames}, "lengths": None},
    )
    mels, lengths = torch.randn(2, 20, 30), torch.tensor([30, 12])
    log_probs, counts = program.module()(mels, lengths)
    expected, expected_counts = recognizer(mels, lengths)
    torch.testing.assert_close(log_probs, expected)
    assert counts.tolist() == expected_counts.tolist()
