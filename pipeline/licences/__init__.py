"""Licence terms, and the licences of everything in a row."""
