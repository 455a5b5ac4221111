"""A local web server to search, play and mark the clips of a dataset."""
