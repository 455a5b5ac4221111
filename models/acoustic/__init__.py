"""Acoustic models: phonemes to mel spectrograms."""
