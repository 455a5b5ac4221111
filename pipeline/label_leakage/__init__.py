"""Properties of clips that predict a label by accident."""
