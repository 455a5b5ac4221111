"""Stages 3 and 4: speaker assignment, prosody controls, mels, waveforms."""
