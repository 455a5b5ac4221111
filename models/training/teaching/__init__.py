"""Teachers: other synthesizers, which render any list of sentences into a corpus folder."""
