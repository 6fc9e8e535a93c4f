"""What the application refuses.

SynqcError
  UnknownGeneration (also LookupError)   no generation has that id
  UnknownRow (also LookupError)          no row has that id
  GenerationBegun                        it cannot be asked for something else any more
  GenerationStopped                      fewer rows than asked for, where the request says that this is an error
  ReplayDiffers                          a replay came to something else than the store holds
  InputError
    PriceUnknown                         a budget cannot be kept, because a model's price is not known
"""

from __future__ import annotations

from synqc.errors import InputError, SynqcError

__all__ = ["GenerationBegun", "GenerationStopped", "PriceUnknown", "ReplayDiffers", "UnknownGeneration", "UnknownRow"]


class UnknownGeneration(SynqcError, LookupError):
    """No generation has that id."""

    code = "unknown_generation"

    def __init__(self, generation: object) -> None:
        super().__init__(f"Generation '{generation}' not found")


class UnknownRow(SynqcError, LookupError):
    """No row has that id."""

    code = "unknown_row"

    def __init__(self, row: object) -> None:
        super().__init__(f"Row '{row}' not found")


class GenerationBegun(SynqcError):
    """A generation has begun, so that what it is asked for stands."""

    code = "generation_begun"


class GenerationStopped(SynqcError):
    """A generation ended with fewer rows than were asked for, and its request says `on_exhaustion="raise"`."""

    code = "generation_stopped"


class ReplayDiffers(SynqcError):
    """A replay of a generation from the store came to something else than the store holds."""

    code = "replay_differs"


class PriceUnknown(InputError):
    """A budget is given, but what a model costs is not known.

    Args:
        model: Whose price is not known.
        budget: The argument that sets the budget, as the caller wrote it.
        worst: What the caller may say to have the dearest known price taken.
    """

    def __init__(
        self, model: object, budget: str = "limits.usd_micros", worst: str = '`unknown_price="worst"`'
    ) -> None:
        super().__init__(
            f"Argument `{budget}` must not be given where a price is unknown, but that of {model} is: "
            f"add it to SYNQC_PROMPTS_PRICES, or say {worst}."
        )
        self.model = model
