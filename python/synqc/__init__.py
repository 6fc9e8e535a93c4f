"""Drive-Probe-Drive quantum-control laboratory with a C++ core."""

from synqc import errors

__all__ = ["errors"]
__version__ = "0.1.0"
