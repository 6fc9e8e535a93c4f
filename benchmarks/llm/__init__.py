"""Language models: what our side of a call costs."""
