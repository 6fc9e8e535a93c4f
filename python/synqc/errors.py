"""Everything synqc raises on purpose.

SynqcError
  InputError (also ValueError)       the caller can fix it
    ShapeError                       an array does not fit
    DocumentError                    a document could not be read; the message ends with the path, e.g. $.qubit.t1_us
    UnknownName                      no preset, target, envelope, rule or objective of that name
      UnknownArgument (also TypeError)  no argument of that name
      UnknownKey (also KeyError)       a mapping has nothing under that name
  NumericalError (also ArithmeticError)  the input is legal, the method gave up
    StepTooSmall
    NonPhysicalState
  Cancelled                          a stop flag was raised before there was anything to return
  CacheMiss (also KeyError)          a request wanted a cached value or none, and there is none
  TimedOut (also TimeoutError)       a stage or a whole pipeline took too long
  ServiceStopping                    the process is shutting down and begins nothing any more
  MissingExtra (also ImportError)    an optional package is needed; the message says what to install

And what it warns of:

SynqcWarning (also UserWarning)
  ResolutionWarning                  something may be finer than what was looked at
  ImplausibleWarning                 an argument is legal but hardly meant: a unit mistaken, or no effect
  ValidityWarning                    what is asked for lies outside of where the model holds
"""

__all__ = [
    "CacheMiss",
    "Cancelled",
    "DocumentError",
    "ImplausibleWarning",
    "InputError",
    "MissingExtra",
    "NonPhysicalState",
    "NumericalError",
    "ResolutionWarning",
    "ServiceStopping",
    "ShapeError",
    "StepTooSmall",
    "SynqcError",
    "SynqcWarning",
    "TimedOut",
    "UnknownArgument",
    "UnknownKey",
    "UnknownName",
    "ValidityWarning",
]


class SynqcError(Exception):
    """Root of the tree. `code` is stable: programs may compare it, while messages may be reworded."""

    code = "synqc_error"


class InputError(SynqcError, ValueError):
    """An argument is out of its range; the message names it, says what it must be and what it was."""

    code = "input_error"


class ShapeError(InputError):
    """An array's shape does not fit."""

    code = "shape_error"


class DocumentError(InputError):
    """A document could not be read; the message ends with the path to the offending place."""

    code = "document_error"


class UnknownName(InputError):
    """A name is not among the known ones, which the message lists."""

    code = "unknown_name"


class UnknownArgument(UnknownName, TypeError):
    """A function has no argument of that name; the message says which of its own is near."""

    code = "unknown_argument"


class UnknownKey(UnknownName, KeyError):
    """A mapping has nothing under that name; the message says what it has."""

    code = "unknown_key"

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class NumericalError(SynqcError, ArithmeticError):
    """The input is legal, the method gave up."""

    code = "numerical_error"


class StepTooSmall(NumericalError):
    """An adaptive integrator cannot meet its tolerance."""

    code = "step_too_small"


class NonPhysicalState(NumericalError):
    """A scheme that does not preserve positivity left the set of states."""

    code = "non_physical_state"


class Cancelled(SynqcError):
    """A stop was asked for, and came before there was anything to return; not a failure."""

    code = "cancelled"


class CacheMiss(SynqcError, KeyError):
    """A request wanted a cached value or none (`only_if_cached`), and there is none."""

    code = "cache_miss"

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class TimedOut(SynqcError, TimeoutError):
    """A stage of a pipeline, or all of it, did not end in time."""

    code = "timed_out"


class ServiceStopping(SynqcError):
    """The process is shutting down: nothing is begun any more, and the service that comes next does it."""

    code = "service_stopping"

    def __init__(self) -> None:
        super().__init__("The service is shutting down: ask again when it is back.")


class MissingExtra(SynqcError, ImportError):
    """An optional package is needed for this; the message says what to install."""

    code = "missing_extra"


class SynqcWarning(UserWarning):
    """Root of what is said without refusing; filters of `warnings` may name it."""


class ResolutionWarning(SynqcWarning):
    """Something may be finer than what was looked at; the message says how fine, and the argument that cures it."""


class ImplausibleWarning(SynqcWarning):
    """An argument is legal but hardly meant: its unit was mistaken, or it has no effect beside the others."""


class ValidityWarning(SynqcWarning):
    """What is asked for lies outside of where the model holds; the message says which approximation ends."""
