"""Routes of First Information Reports, a file per thing."""
