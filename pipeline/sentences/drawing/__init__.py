"""Sources of sentences, and the order in which templates and values are drawn."""
