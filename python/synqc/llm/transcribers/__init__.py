"""Models that make text of speech; each is a `Transcriber` and a module of its own, with what it needs as an extra."""
