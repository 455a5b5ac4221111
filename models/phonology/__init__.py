"""Phonemes, accents and the alphabets of checkpoints."""
