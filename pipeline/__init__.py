"""The stages of a build, from a sentence template to a row of the dataset; no Prefect."""
