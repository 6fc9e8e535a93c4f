"""Completion in real shells knows every command, its options and their choices."""

import shutil
import subprocess
import sys

import pytest

from synqc.cli import main
from synqc.cli.commands import COMMANDS

pytest.importorskip("shtab", reason="needs the completion extra")


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """Where the one of bash is."""
    path = tmp_path_factory.mktemp("completion") / "synqc.bash"
    done = subprocess.run([sys.executable, "-m", "synqc", "completion", "bash"], capture_output=True, check=True)
    path.write_bytes(done.stdout)
    return path


def completed(script, *words):
    """What bash offers for the last word."""
    program = (
        f'source {script}; COMP_WORDS=(synqc "$@"); COMP_CWORD=$#; '
        '_shtab_synqc synqc "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", program, "bash", *words], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_every_command_is_offered(script):
    assert completed(script, "") >= set(COMMANDS)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["run", "--probe-st"], {"--probe-strength", "--probe-steps"}),
        (["run", "--preset", "ibm_f"], {"ibm_fez"}),
        (["run", "--envelope", "flat"], {"flat-top", "flat-top-gaussian"}),
        (["sweep", "--target", "io"], {"ionq"}),
        (["prompts", "est"], {"estimate"}),
        (["serve", "--unix"], {"--unix-socket"}),
        (["completion", ""], {"bash", "zsh"}),
    ],
)
def test_options_and_choices_are_offered(script, words, offered):
    assert completed(script, *words) == offered


def test_zsh_reads_its_script(tmp_path, capsys):
    assert main(["completion", "zsh"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("#compdef synqc")
    zsh = shutil.which("zsh")
    if zsh is None:
        pytest.skip("zsh is not installed")
    (tmp_path / "_synqc").write_text(text)
    subprocess.run([zsh, "-n", tmp_path / "_synqc"], check=True)


def test_a_missing_package_is_named(monkeypatch, capsys):
    monkeypatch.setattr("synqc.cli.completion.find_spec", lambda _: None)
    assert main(["completion", "bash"]) == 2
    assert "pip install 'synqc[completion]'" in capsys.readouterr().err
