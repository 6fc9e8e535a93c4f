"""First Information Report as a document: 30 fields with their sources, in five forms, and its seal."""
