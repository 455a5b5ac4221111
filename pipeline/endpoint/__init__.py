"""A client of OpenAI-compatible endpoints: addresses and keys, retries, rate limits."""
