"""How much an agent may ask for: of one call, and in all."""

from __future__ import annotations

from dataclasses import dataclass, fields

from synqc.errors import InputError, SynqcError

__all__ = ["Budget", "BudgetSpent", "Limits"]


class BudgetSpent(SynqcError, ValueError):
    """A call wants more shots than are left."""

    code = "budget_spent"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of calls; a call above one is refused before anything runs.

    Args:
        shots: Shots of all calls together, each qubit's counted.
        shots_per_call: Most shots of one run or sweep, each qubit's counted.
        iterations: Batches of a run.
        qubits: Size of a register.
        points: Most points of a sweep.
        seconds: A run or sweep that takes longer is stopped, and says so with `partial`.
        runs_kept: Runs that can be compared; the oldest are forgotten.

    Raises:
        InputError: One is not positive.
    """

    shots: int = 20_000_000
    shots_per_call: int = 2_000_000
    iterations: int = 200
    qubits: int = 16
    points: int = 256
    seconds: float = 60.0
    runs_kept: int = 64

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if value <= 0:
                raise InputError(f"Argument `{one.name}` must be positive, but is {value}.")

    def check(self, name: str, value: float, most: float) -> None:
        """Raises InputError if an argument is above its bound."""
        if value > most:
            raise InputError(f"Argument `{name}` must be at most {most:g} here, but is {value:g}.")


class Budget:
    """Shots that are left. Lives in one event loop.

    Args:
        shots: At the beginning.

    Examples:
        >>> budget = Budget(1000)
        >>> budget.take(800)
        >>> budget.give_back(300)
        >>> budget.left
        500
    """

    def __init__(self, shots: int) -> None:
        self.left = shots

    def take(self, shots: int) -> None:
        """Raises BudgetSpent if there are fewer."""
        if shots > self.left:
            raise BudgetSpent(f"This needs {shots} shots, but {self.left} of the budget are left.")
        self.left -= shots

    def give_back(self, shots: int) -> None:
        """What was taken and not used."""
        self.left += max(0, shots)
