"""Routes of synthetic data, a file per thing."""
