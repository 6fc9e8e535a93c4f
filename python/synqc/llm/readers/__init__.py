"""What makes text of pictures; each is a `PageReader` and a module of its own, with what it needs as an extra."""
