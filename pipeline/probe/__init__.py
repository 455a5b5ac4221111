"""Probes: small recognizers trained on a dataset, tested on real recordings."""
