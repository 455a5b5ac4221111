"""A language model as a source of sentences: prompts, annotations, checks."""
