"""Stage 7: the columns, the Parquet files, the record of a build."""
