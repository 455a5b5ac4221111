"""Engines: speech synthesizers of others that speak our phonemes, by folder."""
