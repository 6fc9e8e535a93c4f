"""What enrichment workers count and keep, over HTTP."""
