"""Figures of measuring itself: false alarms, power, and the floor of the load generator."""
