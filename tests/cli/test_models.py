"""`synqc models`: names, hashes, and a server that ends with Ctrl-C."""

import json
import os
import signal
import subprocess
import sys

import httpx
import pytest
from running_server import free_port

from synqc.cli import main
from synqc.llm.model_files import ModelDirectory, download, known_components, known_models, model_named
from synqc.llm.providers.local import LocalModelSettings

SMALL = "smollm2-135m"


@pytest.fixture
def models_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNQC_MODELS_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def small_file():
    return download(model_named(SMALL), ModelDirectory(LocalModelSettings.from_environment().models_dir))


def test_list_names_what_can_be_had_and_what_is_here(models_dir, capsys):
    assert main(["models", "list", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    known = (*known_models(), *known_components())
    assert [(one["name"], one["path"], one["size"]) for one in told] == [(one.name, None, one.size) for one in known]
    assert main(["models", "list"]) == 0
    assert "qwen2.5-coder-1.5b  1117  Apache-2.0  no" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["get", "verify", "remove", "bench", "serve"])
def test_a_wrong_name_gets_the_nearest(command, models_dir, capsys):
    assert main(["models", command, "smollm-135m"]) == 2
    assert "did you mean smollm2-135m?" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["verify", "bench", "serve"])
def test_a_model_that_is_not_here_is_said_with_how_to_get_it(command, models_dir, capsys):
    assert main(["models", command, SMALL]) == 2
    assert "run `synqc models get smollm2-135m`" in capsys.readouterr().err


def test_a_file_that_is_absent_is_said(models_dir, capsys):
    assert main(["models", "bench", "/absent.gguf"]) == 2
    assert "must be a name of `synqc models list` or a file, but /absent.gguf is no file." in capsys.readouterr().err


def test_verify_tells_a_changed_file(models_dir, capsys):
    model = model_named(SMALL)
    with (models_dir / model.file).open("wb") as file:
        file.truncate(model.size)
    assert main(["models", "verify", SMALL]) == 2
    assert f"must have the SHA-256 {model.sha256}" in capsys.readouterr().err
    assert main(["models", "remove", SMALL]) == 0
    assert "smollm2-135m is removed." in capsys.readouterr().out
    assert main(["models", "remove", SMALL]) == 0
    assert "was not here" in capsys.readouterr().out


def test_doctor_lists_models_for_every_purpose_with_what_is_missing(models_dir, capsys):
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    rows = told.partition("models of this machine for")[2].partition("settings of")[0]
    assert "synqc models get minilm-int8" in rows
    for role in ("text", "embeddings", "speech", "pictures"):
        assert f"  {role} " in rows


def test_doctor_says_which_model_would_answer(models_dir, monkeypatch, capsys):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OLLAMA_HOST", "SYNQC_LOCAL_MODEL"):
        monkeypatch.delenv(name, raising=False)
    assert main(["doctor"]) == 0
    assert "synqc models get qwen2.5-coder-1.5b" in capsys.readouterr().out
    monkeypatch.setenv("OLLAMA_HOST", "box")
    assert main(["doctor"]) == 0
    assert "at http://box:11434, because OLLAMA_HOST is set." in capsys.readouterr().out


def test_a_served_model_answers_whoever_has_the_key_until_ctrl_c(small_file):
    command = [sys.executable, "-m", "synqc", "models", "serve", str(small_file), "--port", str(free_port())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as serving:
        try:
            told = dict(serving.stdout.readline().strip().split("=", 1) for _ in range(3))
            url = f"{told['OPENAI_BASE_URL']}/chat/completions"
            body = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3}
            keys = ["wrong", told["OPENAI_API_KEY"]]
            answers = [
                httpx.post(url, json=body, headers={"authorization": f"Bearer {key}"}, timeout=60) for key in keys
            ]
            assert [answer.status_code for answer in answers] == [401, 200]
            assert answers[1].json()["model"] == told["SYNQC_AGENT_MODEL"] == small_file.stem
        finally:
            serving.send_signal(signal.SIGINT)
            _, complaints = serving.communicate(timeout=60)
    assert serving.returncode == 0, complaints
    assert complaints.endswith("Stopped.\n")


@pytest.mark.deep
def test_bench_measures_a_model_of_this_process(small_file, capsys, monkeypatch):
    monkeypatch.setenv("SYNQC_MODELS_DIR", os.fspath(small_file.parent))
    assert main(["models", "bench", SMALL, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["read_tokens_per_s"] > 0
    assert told["written_tokens_per_s"] > 0
    assert told["resident_mb"] > 100
    assert 0 <= told["forms_valid"] <= told["forms"]
    assert 0 <= told["right_calibrated"] <= told["questions"] == 14


def test_a_model_of_several_files_is_listed_verified_and_removed_whole(models_dir, capsys):
    assert main(["models", "get", "wisper-base"]) == 2
    assert "did you mean whisper-base?" in capsys.readouterr().err
    assert main(["models", "verify", "minilm-int8"]) == 2
    assert "run `synqc models get minilm-int8`" in capsys.readouterr().err
    for file in next(one for one in known_components() if one.name == "minilm-int8").files:
        (models_dir / file.file).parent.mkdir(exist_ok=True)
        with (models_dir / file.file).open("wb") as written:
            written.truncate(file.size)
    assert main(["models", "list"]) == 0
    assert str(models_dir / "minilm-int8") in capsys.readouterr().out
    assert main(["models", "verify", "minilm-int8"]) == 2
    assert "SHA-256" in capsys.readouterr().err
    assert main(["models", "remove", "minilm-int8"]) == 0
    assert not (models_dir / "minilm-int8").exists()
    assert main(["models", "remove", "minilm-int8"]) == 0
    assert "was not here" in capsys.readouterr().out
