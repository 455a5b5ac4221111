"""The share of a domain's templates, values, pairs and diphones that a dataset contains."""
