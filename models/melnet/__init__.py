"""MelNet (arXiv 1906.01083): speech-like mel spectrograms without words."""
