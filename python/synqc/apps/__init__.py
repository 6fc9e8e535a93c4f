"""Applications: what is served, each without knowing how it is served."""
