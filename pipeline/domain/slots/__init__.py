"""Slot values: listed in lexicons, or generated (times, numbers, codes, names)."""
