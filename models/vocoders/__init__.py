"""Vocoders, mel spectrograms to waveforms, and their discriminators."""
