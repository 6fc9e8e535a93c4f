"""Which model answers, in which order."""

from pathlib import Path

import pytest

from synqc.apps.tds.settings import TdsSettings
from synqc.errors import InputError
from synqc.llm import LanguageModels, Message, ModelUnreachable, Provider, Request
from synqc.llm.choice import Choice, choose, models_of
from synqc.llm.model_files import NoSuchModel, model_named
from synqc.llm.providers.ollama import Ollama

GGUF = "mine.gguf"
ALL = (
    "OPENAI_BASE_URL",
    "OLLAMA_HOST",
    "SYNQC_LOCAL_MODEL",
    "qwen2.5-coder-1.5b",
    "qwen2.5-coder-0.5b",
    "smollm2-135m",
)
EXPECTED = {
    "OPENAI_BASE_URL": ("server", "asked-for", "http://box:8080/v1"),
    "OLLAMA_HOST": ("ollama", "asked-for", "http://127.0.0.1:11434"),
    "SYNQC_LOCAL_MODEL": ("file", "mine", "this process"),
    "qwen2.5-coder-1.5b": ("file", "qwen2.5-coder-1.5b", "this process"),
    "qwen2.5-coder-0.5b": ("file", "qwen2.5-coder-0.5b", "this process"),
}


def made(tmp_path: Path, there: tuple[str, ...], **options: object) -> Choice:
    """The choice where these are there; models are empty files of the right size."""
    (tmp_path / GGUF).touch()
    settings = {
        "OPENAI_BASE_URL": {"openai_base_url": "http://box:8080/v1?token=secret"},
        "OLLAMA_HOST": {"ollama_host": "0.0.0.0"},
        "SYNQC_LOCAL_MODEL": {"local_model": str(tmp_path / GGUF)},
    }
    given: dict[str, object] = {"models_dir": tmp_path / "models"}
    (tmp_path / "models").mkdir(exist_ok=True)
    for name in there:
        given |= settings.get(name, {})
        if name not in settings:
            model = model_named(name)
            with (tmp_path / "models" / model.file).open("wb") as file:
                file.truncate(model.size)
    return choose(TdsSettings(**given), model="asked-for", **options)


@pytest.mark.parametrize("first", range(5))
def test_the_first_that_is_there_answers(first: int, tmp_path: Path) -> None:
    choice = made(tmp_path, ALL[first:], task="numbers")
    assert (choice.kind, choice.model, choice.where) == EXPECTED[ALL[first]]
    assert "secret" not in choice.words


def test_the_smallest_models_are_given_no_more_than_numbers(tmp_path: Path) -> None:
    assert made(tmp_path, ALL[5:], task="numbers").kind == "none"  # what the tests' model says is of no use
    assert made(tmp_path, ALL[4:], task="text").kind == "none"


def test_where_no_model_is_rules_answer_and_else_a_sentence_says_how_to_get_one(tmp_path: Path) -> None:
    rules = made(tmp_path, (), has_rules=True)
    assert rules.kind == "rules"
    assert rules.words.startswith("no model answers, only rules in code: no language model is set up: run")
    with pytest.raises(InputError, match=r"must be of a model, but is of rules: no model answers"):
        models_of(rules, TdsSettings())
    choice = made(tmp_path, ())
    assert choice.kind == "none"
    assert "run `synqc models get qwen2.5-coder-1.5b`" in choice.words
    with pytest.raises(InputError, match="synqc models get"):
        models_of(choice, TdsSettings())


def test_a_known_model_is_chosen_by_its_name(tmp_path: Path) -> None:
    settings = TdsSettings(local_model="qwen2.5-coder-0.5b", models_dir=tmp_path)
    assert choose(settings, model="x").words == (
        "model qwen2.5-coder-0.5b is not on this machine: run `synqc models get qwen2.5-coder-0.5b`."
    )
    with pytest.raises(NoSuchModel, match=r"did you mean qwen2.5-coder-0.5b\?"):
        choose(TdsSettings(local_model="qwen-0.5b"), model="x")
    with pytest.raises(InputError, match=r"absent.gguf is no file"):
        choose(TdsSettings(local_model="/absent.gguf"), model="x")


def test_a_switch_turns_models_of_this_process_off(tmp_path: Path) -> None:
    made(tmp_path, ALL[3:])
    assert choose(TdsSettings(local_model="none", models_dir=tmp_path / "models"), model="x").kind == "none"


def test_a_choice_leads_to_its_provider(tmp_path: Path) -> None:
    (tmp_path / GGUF).touch()
    for options, kind in (
        ({"openai_base_url": "http://127.0.0.1:9/v1"}, LanguageModels),
        ({"ollama_host": "127.0.0.1:9"}, Ollama),
        ({"local_model": str(tmp_path / GGUF), "local_slots": 3}, LanguageModels),
    ):
        settings = TdsSettings(**options)
        models = models_of(choose(settings, model="x"), settings)
        assert isinstance(models, kind)
        assert isinstance(models, Provider)
    assert (models.name, models.most_at_once) == ("local:mine", 3)


def test_a_file_that_is_not_the_one_of_its_name_is_not_loaded(tmp_path: Path) -> None:
    choice = made(tmp_path, ("qwen2.5-coder-0.5b",), task="numbers")
    models = models_of(choice, TdsSettings(models_dir=tmp_path / "models"))
    with pytest.raises(ModelUnreachable, match="must have the SHA-256"):
        models.complete(Request(model=choice.model, messages=(Message("user", "Hi"),)))
