"""Models that make vectors of texts; each is an `Embedder` and a module of its own, with what it needs as an extra."""
