"""Wire documents of synthetic prompts: what clients of both route families send, and what they are answered."""
