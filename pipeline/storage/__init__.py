"""Files on disk: Parquet shards, atomic writes, publishing, caches, worker processes."""
