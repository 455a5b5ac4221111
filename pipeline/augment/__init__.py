"""Stage 6: noise, rooms and channels, drawn per clip, applied, and logged in its row."""
