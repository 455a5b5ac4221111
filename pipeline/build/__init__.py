"""The config, the stages and the seal: the only package that knows all the others."""
