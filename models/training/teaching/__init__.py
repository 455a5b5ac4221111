"""Teachers: voices of other systems that speak any list of sentences into a corpus folder."""
