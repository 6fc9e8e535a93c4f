"""JSON against its peers."""
