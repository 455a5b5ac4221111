import pytest
import torch


@pytest.fixture(autouse=True)
def _same_random_numbers_every_run() -> None:
    torch.manual_seed(0)
