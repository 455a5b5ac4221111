"""The user's own sentences as a source: text, CSV, JSON lines, Parquet, Hugging Face folders."""
