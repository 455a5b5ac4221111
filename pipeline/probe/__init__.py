"""What a dataset teaches: small recognizers trained on it, tested on real recordings."""
