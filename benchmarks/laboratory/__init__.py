"""What the laboratory promises, measured through its public doors."""
