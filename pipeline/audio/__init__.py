"""Audio files and signals: reading, encoding, loudness, delivery formats."""
