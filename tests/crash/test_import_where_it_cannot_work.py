"""Where the core cannot run, importing it says so."""

import subprocess
import sys
import textwrap

import pytest


def test_a_sub_interpreter_is_refused_in_words():
    program = """
        import sys
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            import _interpreters as interpreters
        for first in (False, True):
            if first:
                import synqc.json
            number = interpreters.create()
            inside = (
                "try:\\n    import synqc._core\\nexcept ImportError as error:\\n    words = str(error)\\n"
                "else:\\n    words = 'imported'\\nimport os\\nos.write(1, (words + '\\\\n').encode())"
            )
            interpreters.run_string(number, inside)
            interpreters.destroy(number)
        import synqc.json
        assert synqc.json.loads("[1]") == [1]
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True)
    if "No module named" in ended.stderr and "interpreters" in ended.stderr:
        pytest.skip("this Python has no module of sub-interpreters")
    assert ended.returncode == 0, ended.stderr
    words = ended.stdout.splitlines()
    assert len(words) == 2
    assert all("interpreter" in line for line in words), words
