"""The dataset card: README.md with its YAML header, tables and pictures."""
