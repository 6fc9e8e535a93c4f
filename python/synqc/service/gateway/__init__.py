"""The gateway over HTTP: OpenAI's doors in front of a router."""
