"""How fast the pipeline is on this machine."""
