"""Complaints as they come in: typed, spoken or photographed, checked, kept until they are read, and brought to text."""
