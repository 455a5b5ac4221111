"""Stage 5: clips measured and checked by a recognizer, and attempted again where they fail."""
