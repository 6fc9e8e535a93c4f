"""Routes of synthetic prompts, a file per thing."""
