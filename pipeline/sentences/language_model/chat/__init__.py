"""A client of OpenAI-compatible chat endpoints: retries, rate limits, budget, cache."""
