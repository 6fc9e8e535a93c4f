"""Routes of TDS, one file per thing they are about; each parses, calls, answers."""
