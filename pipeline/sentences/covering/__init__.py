"""Coverage sampling: every template, value, t-tuple and diphone before anything repeats."""
