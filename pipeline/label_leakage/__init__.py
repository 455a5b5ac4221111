"""Label leakage: properties of clips that predict a label and should not."""
