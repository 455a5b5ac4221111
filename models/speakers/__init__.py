"""Mixed and generated speakers, and vectors of speakers from outside."""
