"""Inference: likelihoods of records and their gradients."""
