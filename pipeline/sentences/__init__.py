"""Stage 1: distinct sentences from templates and other sources."""
