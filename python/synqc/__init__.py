"""Drive-Probe-Drive quantum-control laboratory with a C++ core."""

from synqc import errors

__all__ = ["errors"]
from synqc._version import __version__
