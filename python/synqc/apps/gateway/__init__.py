"""The gateway of language models: its configuration, and what OpenAI's documents mean to a router."""
