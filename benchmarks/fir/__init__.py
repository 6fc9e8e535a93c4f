"""First Information Reports: finding provisions, documents, and what the workflow adds to the time of models."""
