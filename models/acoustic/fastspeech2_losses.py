"""The losses of FastSpeech 2."""

from torch import Tensor
from torch.nn import functional as F

from models.acoustic.fastspeech2 import Prosody, TrainingOutput
from models.acoustic.frame_pitch import Contour
from models.acoustic.frames import length_mask

_UNVOICED_WEIGHT = 0.1  # of pitch that nobody hears, but the decoder sees


def fastspeech2_losses(
    output: TrainingOutput,
    mels: Tensor,
    prosody: Prosody,
    lengths: Tensor,
    contour: Contour | None = None,
) -> dict[str, Tensor]:
    """Section 2.2: mean absolute error of normalized mels (B, T, n_mels), mean squared errors of
    log duration, pitch and energy, padding left out. With the recording's `contour` also the mean
    absolute error of its pitch, above all where it is voiced, and the cross-entropy of its voicing.
    """
    symbols = length_mask(lengths, prosody.durations.shape[1])
    frames = length_mask(prosody.durations.sum(dim=1), mels.shape[1])
    log_durations = (prosody.durations + 1).float().log()
    losses = {
        "mel": (output.mels - mels).abs()[frames].mean(),
        "duration": (output.log_durations - log_durations).square()[symbols].mean(),
        "pitch": (output.pitch - prosody.pitch).square()[symbols].mean(),
        "energy": (output.energy - prosody.energy).square()[symbols].mean(),
    }
    if contour is not None and output.contour is not None:
        predicted, voiced = output.contour, contour.voicing[frames]
        weight = _UNVOICED_WEIGHT + (1 - _UNVOICED_WEIGHT) * voiced
        away = (predicted.pitch - contour.pitch).abs()[frames] * weight
        losses["contour"] = away.sum() / weight.sum()
        losses["voicing"] = F.binary_cross_entropy_with_logits(predicted.voicing[frames], voiced)
    return losses
