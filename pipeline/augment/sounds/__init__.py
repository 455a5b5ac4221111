"""The recordings and room responses that augmentation mixes in."""
