"""The audit of augmentation: are conditions tied to labels, voices or splits?"""
