"""What share of a domain's templates, values, pairs and diphones a dataset says."""
