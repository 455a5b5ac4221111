"""What the subcommands of `voxloom` do, a file for each group of them."""
