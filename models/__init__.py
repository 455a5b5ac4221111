"""Networks, audio features, checkpoints, training and evaluation, on torch and numpy alone."""
