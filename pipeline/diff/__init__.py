"""Two datasets compared: rows, columns, distributions."""
