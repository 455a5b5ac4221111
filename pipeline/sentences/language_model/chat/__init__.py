"""A language model asked over an endpoint: messages, budget, cache."""
