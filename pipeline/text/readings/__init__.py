"""Our own readings of written forms, one module a kind; `spoken_overlay` puts them in order."""
