"""A published dataset in the layouts that other toolkits read, one file a layout."""
