"""A gateway's file: every mistake is told with its line and its key."""

import hashlib

import pytest

from synqc.apps.gateway.configuration import ConfigurationError, read_configuration
from synqc.cli import main
from synqc.llm.router import Record, TraceFile

GOOD = """\
[gateway]
port = 8791

[policy]
strategy = "cost"
actions = { filtered = "next" }

[[provider]]
name = "near"
base_url = "http://127.0.0.1:9/v1"
key_env = "NEAR_KEY"
timeout_s = 5

[[provider]]
name = "own"
kind = "ollama"
base_url = "http://127.0.0.1:9"

[[deployment]]
name = "small"
provider = "near"
model = "phi3"
serves = ["chat"]
prompt_price = "0.25"
completion_price = "2.00"

[[deployment]]
provider = "own"
model = "big"
serves = ["chat", "big"]
capabilities = ["vision"]

[[tenant]]
name = "lab"
key_env = "LAB_KEY"
models = ["chat"]
budget_usd = "12.5"
budget_period = "day"
"""
KEYS = {"NEAR_KEY": "sk-near-secret", "LAB_KEY": "sk-lab-secret"}


@pytest.fixture
def reads(tmp_path):
    def read(text, environment=KEYS):
        file = tmp_path / "gateway.toml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_configuration(file, environment)

    return read


def test_a_good_file_is_what_it_says(reads):
    found = reads(GOOD)
    assert [one.name for one in found.deployments] == ["small", "big at own"]
    assert (found.port, found.policy.strategy, found.policy.actions) == (8791, "cost", {"filtered": "next"})
    assert found.deployments[0].provider.endpoint.attempts == 1, "the router asks again, and nobody else"
    tenant = found.tenants[hashlib.sha256(b"sk-lab-secret").hexdigest()]
    assert (tenant.name, tenant.models, tenant.is_admin) == ("lab", {"chat"}, False)
    assert (tenant.budget.microdollars, tenant.budget.period_s) == (12_500_000, 86_400)
    assert found.router().models == ("chat", "big")


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        (
            'strategy = "cost"',
            'strategy = "costs"',
            5,
            r"`strategy` of \[policy\] must be one of .* Did you mean 'cost'",
        ),
        ('strategy = "cost"', 'strateg = "cost"', 5, "`strateg` .* not known.* Did you mean 'strategy'"),
        ('{ filtered = "next" }', '{ filterd = "next" }', 6, "`actions` of .* must be one of"),
        ("port = 8791", "port = 70000", 2, "`port` of .* must be from 0 to 65535, but is 70000"),
        ("port = 8791", 'port = "8791"', 2, "`port` of .* must be a whole number, but is '8791'"),
        ("port = 8791", 'host = "0.0.0.0"', 0, None),
        ("timeout_s = 5", "timeout_s = -5", 12, "`timeout_s` of .* must be a number of seconds above 0, but is -5"),
        ("timeout_s = 5", "timeout_s = true", 12, "`timeout_s` of .* must be a number, but is True"),
        ("http://127.0.0.1:9/v1", "ftp://127.0.0.1", 10, "`base_url` of .* must begin with http"),
        ('kind = "ollama"', 'kind = "other"', 16, "`kind` of .* must be openai, ollama or local, but is 'other'"),
        ('kind = "ollama"', 'kind = "local"', 14, "`file` of .* must be given where `kind` is local"),
        (
            'kind = "ollama"',
            'kind = "local"\nfile = "phi3"',
            18,
            "`base_url` of .* must be left out where",
        ),
        ('base_url = "http://127.0.0.1:9"\n', "", 14, "`base_url` of .* must be given where `kind` is ollama"),
        ('kind = "ollama"', 'file = "a.gguf"', 16, "`file` of .* must be left out where `kind` is openai"),
        ('name = "own"', 'name = "near"', 15, "`name` of .* must be another"),
        ('provider = "own"', 'provider = "owm"', 28, r"`provider` of \[deployment\] must name .* Did you mean 'own'"),
        ('model = "big"\n', "", 27, "`model` of .* must be given"),
        ('"0.25"', "0.25", 24, '`prompt_price` of .* must be dollars .* such as "0.25"'),
        ('"0.25"', '"0.0000001"', 19, "whole micro-dollars"),
        ('completion_price = "2.00"\n', "", 19, "`completion_price` of .* beside the other price"),
        ('capabilities = ["vision"]', 'capabilities = "vision"', 31, "`capabilities` of .* a list of texts"),
        ('capabilities = ["vision"]', "weight = 0", 31, "`weight` of .* must be a number above 0"),
        ('models = ["chat"]', 'models = ["chad"]', 36, "`models` of .* Did you mean 'chat'"),
        ('models = ["chat"]\n', "", 36, "`budget_usd` of .* with prices for every model .* but 'big' has none"),
        ('"12.5"', '"lots"', 37, "`budget_usd` of .* must be dollars"),
        ('"day"', '"week"', 38, "`budget_period` of .* must be one of total, day, hour"),
        ('key_env = "LAB_KEY"', 'key_env = "NO_KEY"', 35, "`key_env` of .* variable that is set, but NO_KEY is not"),
        ('key_env = "LAB_KEY"', 'key_sha256 = "12"', 35, "`key_sha256` of .* 64 hexadecimal digits"),
        ('key_env = "LAB_KEY"\n', "", 33, "`key_env` of .* must be given, and not both"),
        ("[[tenant]]", "[[tennant]]", 33, r"\[tennant\] is no section.* Did you mean 'tenant'"),
        ("[policy]", "[[policy]]", 4, r"must be written \[policy\]"),
        ("[policy]", "[policy", 0, "cannot be read as TOML: .*line 4"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 30 else "",
)
def test_a_mistake_is_told_with_its_line_and_key(reads, old, new, line, told):
    assert old in GOOD
    if told is None:
        assert reads(GOOD.replace(old, new, 1)).host == "0.0.0.0", "with tenants the door may be open to others"
        return
    with pytest.raises(ConfigurationError, match=told) as caught:
        reads(GOOD.replace(old, new, 1))
    assert "secret" not in str(caught.value)
    if line:
        assert f"gateway.toml, line {line}: " in str(caught.value)


def test_a_door_without_keys_is_for_this_machine_alone(reads):
    open_door = GOOD.split("[[tenant]]")[0]
    assert reads(open_door).tenants == {}
    with pytest.raises(ConfigurationError, match=r"line 2: Key `host` of .* no \[\[tenant\]\]"):
        reads(open_door.replace("port = 8791", 'host = "0.0.0.0"'))


@pytest.mark.parametrize(
    "text", ["", "a = 1", b"\xff", "[gateway]\n", "gateway = 1", "[[provider]]\n", "x" * 2_000_000]
)
def test_what_is_no_configuration_is_refused(reads, text):
    with pytest.raises(ConfigurationError, match=r"gateway\.toml"):
        reads(text)


class TestCommands:
    def run(self, capsys, *arguments):
        code = main(["gateway", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    @pytest.fixture
    def file(self, tmp_path, monkeypatch):
        for name, key in KEYS.items():
            monkeypatch.setenv(name, key)
        file = tmp_path / "gateway.toml"
        file.write_text(GOOD)
        return file

    def test_check_says_yes_or_where(self, capsys, file):
        code, out, _ = self.run(capsys, "check", str(file))
        assert (code, "2 deployments of chat, big, 1 tenants" in out) == (0, True)
        file.write_text(GOOD.replace("timeout_s = 5", "timeout = 5"))
        code, out, err = self.run(capsys, "check", str(file))
        assert (code, out) == (2, "")
        assert "line 12: Key `timeout` of [provider] is not known" in err
        assert self.run(capsys, "check", str(file) + "x")[0] == 2

    def test_explain_names_who_would_be_asked(self, capsys, file):
        code, out, _ = self.run(capsys, "explain", str(file), "--model", "chat", "--max-tokens", "10")
        assert code == 0
        assert "asked: small, by cost cheapest" in out
        assert "big at own" in out
        code, _, err = self.run(capsys, "explain", str(file), "--model", "chats")
        assert code == 2
        assert "Did you mean 'chat'" in err
        code, out, _ = self.run(capsys, "explain", str(file), "--model", "chat", "--capability", "vision")
        assert (code, "lacks capability" in out, "asked: big at own" in out) == (0, True, True)
        code, _, err = self.run(capsys, "explain", str(file), "--model", "chat", "--capability", "ears")
        assert code == 2
        assert "`capabilities` must name some of vision, but names 'ears'" in err

    def test_simulate_sets_the_prediction_beside_the_record(self, capsys, file, tmp_path):
        trace = TraceFile(tmp_path / "trace.jsonl")
        for number in range(200):
            name = ("small", "big at own")[number % 2]
            trace(Record(number, number * 0.1, number * 0.1, "chat", name, 1, 0.1 + 0.4 * (number % 2), "ok", 10, 20))
        trace.close()
        arguments = ("simulate", str(file), "--trace", str(tmp_path / "trace.jsonl"), "--strategy", "preference")
        code, out, _ = self.run(capsys, *arguments)
        assert code == 0
        assert "recorded" in out
        assert "error on the last 66 requests" in out
        assert [line.split() for line in out.splitlines() if line.startswith("small")] == [["small", "50.0%", "100.0%"]]
        code, _, err = self.run(capsys, "simulate", str(file), "--trace", str(tmp_path / "none"))
        assert code == 2
        assert "none" in err


LOCAL = """
[[provider]]
name = "here"
kind = "local"
file = "FILE"

[[deployment]]
provider = "here"
model = "tiny"
"""


class TestModelsOfThisProcess:
    def test_a_file_is_a_model_of_its_name(self, reads, tmp_path):
        (tmp_path / "tiny.gguf").write_bytes(b"GGUF")
        text = LOCAL.replace("FILE", str(tmp_path / "tiny.gguf"))
        found = reads(text, {"SYNQC_LOCAL_SLOTS": "3"})
        assert (found.deployments[0].name, found.deployments[0].provider.most_at_once) == ("tiny at here", 3)
        with pytest.raises(ConfigurationError, match=r"line 9: Key `model` of .* must be 'tiny', .* 'tini'"):
            reads(text.replace('model = "tiny"', 'model = "tini"'))

    @pytest.mark.parametrize(
        ("file", "told"),
        [
            (
                "/nowhere/a.gguf",
                "`file` of .* must be a GGUF file or a name of .*, but /nowhere/a.gguf is",
            ),
            ("qwen2.5-coder-0.5", "did you mean qwen2.5-coder-0.5b"),
            ("qwen2.5-coder-0.5b", "is not here: run `synqc models get qwen2.5-coder-0.5b`"),
        ],
    )
    def test_one_that_is_not_there_is_told_with_how_to_get_it(self, reads, tmp_path, file, told):
        with pytest.raises(ConfigurationError, match=told):
            reads(LOCAL.replace("FILE", file), {"SYNQC_MODELS_DIR": str(tmp_path / "none")})


def test_budgets_of_tenants_go_on_after_a_restart(reads, tmp_path):
    text = GOOD.replace("port = 8791", f'budgets = "{tmp_path / "budgets.jsonl"}"')
    for spent in (0, 7):
        found = reads(text)
        journal = found.keep_budgets()
        budget = next(iter(found.tenants.values())).budget
        assert budget.state().spent == spent
        budget.reserve(10_000_000).settle(7_000_000)
        journal.close()
    assert reads(GOOD).keep_budgets() is None
