"""Public speech corpora: where they are, how they are downloaded, and laid out as ours."""
