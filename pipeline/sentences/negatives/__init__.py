"""Hard negatives: phrases that sound almost like a wake word or a command."""
