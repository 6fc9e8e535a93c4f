"""QuTiP's own solver tests give, through our doors, exactly the published outcomes."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("qutip", reason="runs QuTiP 5's own tests, which the `test` extra installs")
pytest.importorskip("qutip.tests.solver", reason="this QuTiP came without its tests")

sys.path.insert(0, str(Path(__file__).parent))
import suite


@pytest.mark.parametrize("solver", suite.SOLVERS)
def test_outcomes_are_the_published_ones(solver):
    published = suite.expected(solver)
    outcomes = suite.run(solver)
    assert outcomes == published
    assert not [name for name, outcome in outcomes.items() if outcome.startswith("FAILED")]
