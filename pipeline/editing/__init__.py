"""Datasets changed after they were built: joined, extended, rows dropped."""
