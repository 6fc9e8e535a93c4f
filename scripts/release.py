"""Turn what is unreleased into a version: its number, its date, and its section of CHANGELOG.md.

Usage: release.py            what the section would say
       release.py VERSION    writes it, dated today: python/synqc/_version.py, CITATION.cff and CHANGELOG.md, and
                             removes the fragments in changes/. Look at the difference, then commit and tag it.
"""

import datetime
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
KINDS = ("added", "changed", "deprecated", "removed", "fixed", "security")
UNRELEASED = "## Unreleased\n"


def fragments(folder: Path) -> dict[str, list[str]]:
    """Texts of all fragments by their kind, each kind in the order of their names.

    Raises:
        ValueError: A file's name or its form is not that of a fragment.
    """
    found: dict[str, list[str]] = {}
    for path in sorted(folder.iterdir()):
        if path.name == "README.md":
            continue
        name = re.fullmatch(rf"[\w.-]+\.({'|'.join(KINDS)})\.md", path.name)
        if name is None:
            raise ValueError(f"{path} must be named <what it is about>.<{'|'.join(KINDS)}>.md.")
        text = path.read_text().strip()
        if not text.startswith("- ") or any(line and line[:2] not in ("- ", "  ") for line in text.splitlines()):
            raise ValueError(f"{path} must hold list items, which begin with `- ` and go on after two blanks.")
        found.setdefault(name[1], []).append(text)
    return found


def gathered(changelog: str, items: dict[str, list[str]]) -> str:
    """The changelog with the items at the ends of the sections of their kinds, under "Unreleased"."""
    before, unreleased, after = _parts(changelog)
    for kind in KINDS:
        heading = f"### {kind.capitalize()}\n"
        added = "\n".join(items.get(kind, []))
        if not added:
            continue
        if heading not in unreleased:
            unreleased = f"{unreleased.rstrip()}\n\n{heading}\n{added}\n"
        else:
            start, section = unreleased.split(heading)
            body, *rest = re.split(r"(?=^### )", section, maxsplit=1, flags=re.MULTILINE)
            unreleased = f"{start}{heading}{body.rstrip()}\n{added}\n\n{''.join(rest)}"
    return f"{before}{UNRELEASED}\n{unreleased.strip()}\n\n{after}"


def released(changelog: str, version: str, date: datetime.date) -> str:
    """The changelog whose unreleased section has become that of a version; a new one begins.

    Raises:
        ValueError: Nothing is unreleased.
    """
    before, unreleased, after = _parts(changelog)
    if not unreleased.strip():
        raise ValueError(
            "CHANGELOG.md must have something under Unreleased, or a fragment in changes/, but has nothing."
        )
    return f"{before}{UNRELEASED}\n## {version} ({date})\n\n{unreleased.strip()}\n\n{after}"


def _parts(changelog: str) -> tuple[str, str, str]:
    before, rest = changelog.split(UNRELEASED)
    unreleased, *after = re.split(r"(?=^## )", rest, maxsplit=1, flags=re.MULTILINE)
    return before, unreleased, "".join(after)


def _replace(path: Path, pattern: str, text: str) -> None:
    changed, count = re.subn(pattern, text, path.read_text(), flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"{path} must match {pattern} once, but does {count} times.")
    path.write_text(changed)


def release(root: Path, version: str, date: datetime.date) -> None:
    """Writes a version everywhere it is written."""
    if not re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", version):
        raise ValueError(f"Version must be like 1.2.3 or 1.2.3rc1, but is {version}.")
    changelog = root / "CHANGELOG.md"
    text = released(gathered(changelog.read_text(), fragments(root / "changes")), version, date)
    _replace(root / "python/synqc/_version.py", r'^__version__ = ".*"$', f'__version__ = "{version}"')
    _replace(root / "CITATION.cff", r"^version: .*$", f"version: {version}")
    _replace(root / "CITATION.cff", r"^date-released: .*$", f"date-released: {date}")
    changelog.write_text(text)
    for path in (root / "changes").glob("*.*.md"):
        path.unlink()


if __name__ == "__main__":
    if len(sys.argv) > 2 or any(argument.startswith("-") for argument in sys.argv[1:]):
        sys.exit(__doc__)
    if sys.argv[1:]:
        release(ROOT, sys.argv[1], datetime.date.today())
    else:
        print(_parts(gathered((ROOT / "CHANGELOG.md").read_text(), fragments(ROOT / "changes")))[1].strip())
