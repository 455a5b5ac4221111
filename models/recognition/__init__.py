"""The CTC phone recognizer, alignment, the probe's networks, the speaker encoder."""
