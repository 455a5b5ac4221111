"""The report page of a build."""
