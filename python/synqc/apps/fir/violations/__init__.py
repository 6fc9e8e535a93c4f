"""Classification of a complaint by provisions of law: found by search, checked by a model, and never a silent no."""
