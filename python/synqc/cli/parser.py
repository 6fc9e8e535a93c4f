"""Parser of the command line: complains in one line that names the nearest right word."""

from __future__ import annotations

import argparse
import difflib
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, Final, NoReturn

__all__ = ["EXIT_ERROR", "HelpFormatter", "Parser"]

EXIT_ERROR: Final = 2


class HelpFormatter(argparse.HelpFormatter):
    """Help in the terminal's width: lines are filled, and those of commands, which are indented, stay copyable.

    Examples:
        >>> text = "examples:\\n  synqc sweep --axis a=1,2 --plot map.html"
        >>> print(HelpFormatter("synqc")._fill_text(text, 40, ""))
        examples:
          synqc sweep --axis a=1,2 --plot \\
              map.html
    """

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(
            _command(line, width) if line.startswith(" ") else textwrap.fill(line, width, initial_indent=indent)
            for line in text.splitlines()
        )


class Parser(argparse.ArgumentParser):
    """Ends the process with one line on standard error and exit code 2.

    Examples:
        >>> parser = Parser(prog="synqc run", allow_abbrev=False)
        >>> _ = parser.add_argument("--shots")
        >>> try:
        ...     parser.parse_args(["--shot", "10"])
        ... except SystemExit as ended:
        ...     print(ended.code)
        2
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **{"formatter_class": HelpFormatter, **named})

    def error(self, message: str) -> NoReturn:
        """Write the message, and which help says more."""
        sys.stderr.write(f"synqc: error: {message.rstrip('.')}. See `{self.prog} --help`.\n")
        raise SystemExit(EXIT_ERROR)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Refuse what is not known where it stands: a subcommand knows its own options, its parent does not."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self._refuse(unknown)
        return found, unknown

    def _refuse(self, unknown: Sequence[str]) -> NoReturn:
        option = next((word for word in unknown if word.startswith("-")), None)
        if option is None:
            self.error(f"{self.prog} takes no {' '.join(unknown)!r}")
        name = option.partition("=")[0]
        self.error(f"{self.prog} has no option {name}{_near(name, self._option_string_actions)}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            words = [str(choice) for choice in action.choices]
            raise argparse.ArgumentError(
                action, f"must be one of {', '.join(words)}, but is {value!r}{_near(str(value), words)}"
            )


def _command(line: str, width: int) -> str:
    """A command in lines that a shell reads as one."""
    lines = textwrap.wrap(line, width - 2, subsequent_indent=6 * " ", break_on_hyphens=False, break_long_words=False)
    return " \\\n".join(lines)


def _near(word: str, known: Iterable[str]) -> str:
    """The nearest right words; dashes are no likeness."""
    names = {name.lstrip("-"): name for name in known}
    found = difflib.get_close_matches(word.lstrip("-"), list(names), n=2, cutoff=0.6)
    return f"; near it: {', '.join(names[name] for name in found)}" if found else ""
