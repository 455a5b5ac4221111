"""Stage 2, the text frontend: normalization, pronunciation, phonemes."""
