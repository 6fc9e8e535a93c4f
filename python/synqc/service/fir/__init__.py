"""First Information Reports over HTTP."""
