"""A finished dataset decoded and checked, row by row; clips made again from their rows."""
