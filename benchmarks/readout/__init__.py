"""Figures of readout with a resonator: a step of a record, and a sample of its likelihood."""
