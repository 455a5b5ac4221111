"""Corpora, features, training loops and one recipe a model."""
