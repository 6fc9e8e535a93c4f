"""Real models: the small one of the test extra always, the larger ones where they are."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from synqc.llm.model_files import ModelDirectory, download, model_named
from synqc.llm.providers.local import LocalModel, LocalModelSettings

SMALL = "smollm2-135m"


@pytest.fixture(scope="session")
def small_file() -> Path:
    """Of 98 MB, got on first use; its tokens are real, what it says is of no use."""
    return download(model_named(SMALL), ModelDirectory(LocalModelSettings.from_environment().models_dir))


@pytest.fixture(scope="module")
def small(small_file: Path) -> Iterator[LocalModel]:
    """One loaded model for the tests of a file."""
    with LocalModel(small_file, name=SMALL, context_tokens=1024) as model:
        yield model
