"""Settings are read as they are meant, or it is said that they are not."""

import re
from pathlib import Path

import pytest

from synqc.environment import Environment
from synqc.errors import InputError
from synqc.service.applications import settings_in_use
from synqc.settings import Settings

NUMBERS = {
    "SYNQC_MAX_PROBE_STRENGTH": ("max_probe_strength", 0.0, 1.0),
    "SYNQC_MAX_PROBE_DURATION_NS": ("max_probe_duration_ns", 1, 1_000_000),
    "SYNQC_MAX_SHOTS_PER_RUN": ("max_shots_per_run", 1, 10_000_000),
    "SYNQC_FLUSH_INTERVAL_SEC": ("flush_interval_s", 0.1, 60.0),
    "SYNQC_PORT": ("port", 1, 65_535),
    "SYNQC_AGENT_TEMPERATURE": ("agent_temperature", 0.0, 1.0),
    "SYNQC_MAX_BODY_BYTES": ("max_body_bytes", 1024, 1 << 30),
    "SYNQC_REQUEST_TIMEOUT_SEC": ("request_timeout_s", 0.1, 3600.0),
    "SYNQC_RATE_LIMIT_PER_MINUTE": ("requests_per_minute", 0, 10_000_000),
}
SWITCHES = {
    "SYNQC_ENABLE_BACKGROUND_FLUSH": "background_flush", "SYNQC_RELOAD": "reload", "SYNQC_OPEN_METRICS": "open_metrics",
}  # fmt: skip


@pytest.fixture
def read(caplog):
    """Settings of these variables, and what the log said about them."""

    def read_and_listen(**environment):
        caplog.clear()
        return Settings.from_environment(environment), caplog.text

    return read_and_listen


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("text", ["nan", "NaN", "-nan", "many", "1e", "0x10", "1,5"])
def test_what_is_no_number_is_the_default_and_said(read, name, text):
    field, _, _ = NUMBERS[name]
    settings, words = read(**{name: text})
    assert getattr(settings, field) == getattr(Settings(), field)
    assert name in words
    assert repr(text) in words


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_kept_within_its_bounds_and_that_is_said(read, name):
    field, least, most = NUMBERS[name]
    for text, expected, is_said in (
        (str(least), least, False), (str(most), most, False), (str(least - 1), least, True),
        (str(most + 1), most, True), (f" {most} ", most, False),
    ):  # fmt: skip
        settings, words = read(**{name: text})
        assert getattr(settings, field) == expected
        assert (name in words) == is_said
    if isinstance(least, float):
        for text, expected in (("inf", most), ("-inf", least)):
            settings, words = read(**{name: text})
            assert (getattr(settings, field), name in words) == (expected, True)


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("text", ["true", "yes", "on", "off", "2", "01"])
def test_a_switch_that_is_no_digit_stays_where_it_is_and_that_is_said(read, name, text):
    settings, words = read(**{name: text})
    assert getattr(settings, SWITCHES[name]) == getattr(Settings(), SWITCHES[name])
    assert f"{name} must be 0 or 1, but is {text!r}" in words


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_is_turned_by_its_digits(read, name):
    for text, expected in (("0", False), ("1", True), (" 1 ", True), ("", getattr(Settings(), SWITCHES[name]))):
        settings, words = read(**{name: text})
        assert (getattr(settings, SWITCHES[name]), words) == (expected, "")


@pytest.mark.parametrize("text", [",", " ", ", ,", "\t", ",,,,"])
def test_who_sets_keys_and_gives_none_is_not_served(text):
    with pytest.raises(InputError, match="SYNQC_API_KEYS must hold at least one key"):
        Settings.from_environment({"SYNQC_API_KEYS": text})


def test_no_keys_open_a_service_and_empty_ones_say_so(read):
    assert read() == (Settings(state_dir=Settings.from_environment({}).state_dir), "")
    settings, words = read(SYNQC_API_KEYS="")
    assert settings.api_keys == ()
    assert "SYNQC_API_KEYS is empty" in words
    assert read(SYNQC_API_KEYS=" a, ,b ")[0].api_keys == ("a", "b")


@pytest.mark.parametrize("text", ["nonsense", "10.0.0.1, proxy", "10.0.0.0/33", "*"])
def test_a_proxy_is_an_address_or_a_network(text):
    with pytest.raises(InputError, match="SYNQC_TRUSTED_PROXIES must list addresses"):
        Settings.from_environment({"SYNQC_TRUSTED_PROXIES": text})


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("SYNQC_API_KEY", "SYNQC_API_KEYS"), ("SYNC_API_KEYS", "SYNQC_API_KEYS"), ("SYNQC_APIKEYS", "SYNQC_API_KEYS"),
        ("synqc_port", "SYNQC_PORT"), ("SYNQC_RATE_LIMIT", "SYNQC_RATE_LIMIT_PER_MINUTE"),
        ("SYNQC_MAX_PROBE_STRENGHT", "SYNQC_MAX_PROBE_STRENGTH"), ("SYNQCHOST", "SYNQC_HOST"),
        ("SYNQC_ALLOWED_ORIGIN", "SYNQC_ALLOWED_ORIGINS"), ("SYNQC_TRUSTED_PROXYS", "SYNQC_TRUSTED_PROXIES"),
    ],
)  # fmt: skip
def test_a_misspelt_setting_is_named_with_the_right_one(read, wrong, right):
    _, words = read(**{wrong: "1"})
    assert f"{wrong} is no setting and does nothing: did you mean {right}?" in words


def test_what_is_no_setting_at_all_is_named_and_what_others_read_is_not(read):
    assert "SYNQC_ZZZ is no setting and does nothing: docs/service.md" in read(SYNQC_ZZZ="1")[1]
    others = {
        "PATH": "/bin",
        "OPENAI_API_KEYS": "x",
        "SYNQC_API_BASE": "x",
        "SYNQC_UI_URL": "x",
        "SYNQC_SIMD_LEVEL": "v3",
    }
    assert read(**others)[1] == ""


def test_a_level_of_the_log_that_is_none_is_said(read):
    settings, words = read(SYNQC_LOG_LEVEL="verbose")
    assert settings.log_level == "INFO"
    assert "SYNQC_LOG_LEVEL must be one of DEBUG" in words
    assert read(SYNQC_LOG_LEVEL="warning")[0].log_level == "WARNING"


class TestDotenv:
    @pytest.fixture
    def read_beside(self, tmp_path, monkeypatch, caplog):
        """Settings beside a `.env`, and the log's words."""

        def read_with(text, **environment):
            (tmp_path / ".env").write_text(text)
            monkeypatch.chdir(tmp_path)
            for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SYNQC_DATABASE_URL", "PGPASSWORD"):
                monkeypatch.delenv(name, raising=False)
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            caplog.clear()
            return Settings.from_environment(), caplog.text

        return read_with

    def test_a_key_from_outside_never_goes_to_an_address_of_the_file(self, read_beside):
        settings, words = read_beside("OPENAI_BASE_URL=https://stranger.example/v1\n", OPENAI_API_KEY="sk-mine")
        assert (settings.openai_api_key, settings.openai_base_url) == ("sk-mine", None)
        assert "OPENAI_BASE_URL of .env is not used" in words
        assert "sk-mine" not in words
        settings, words = read_beside("SYNQC_DATABASE_URL=postgresql://stranger.example/x\n", PGPASSWORD="mine")
        assert settings.database_url is None
        assert "SYNQC_DATABASE_URL of .env is not used" in words

    @pytest.mark.parametrize(
        ("text", "environment"),
        [
            ("OPENAI_BASE_URL=http://a/v1\nOPENAI_API_KEY=k\n", {}),
            ("OPENAI_BASE_URL=http://b/v1\nOPENAI_API_KEY=k\n", {"OPENAI_BASE_URL": "http://a/v1"}),
            ("OPENAI_API_KEY=k\n", {"OPENAI_BASE_URL": "http://a/v1"}),
            ("OPENAI_BASE_URL=http://b/v1\n", {"OPENAI_BASE_URL": "http://a/v1", "OPENAI_API_KEY": "k"}),
            ("OPENAI_BASE_URL=http://a/v1\nOPENAI_API_KEY=k\n", {"OPENAI_API_KEY": ""}),
        ],
    )
    def test_key_and_address_of_one_place_belong_together(self, read_beside, text, environment):
        settings, words = read_beside(text, **environment)
        assert settings.openai_base_url == "http://a/v1"
        assert "not used" not in words


def test_what_is_made_by_name_is_right_or_refused_in_words():
    for wrong, words in (
        ({"port": 0}, "Argument `port` must be between 1 and 65535, but is 0"),
        ({"flush_interval_s": float("nan")}, "Argument `flush_interval_s` must be between 0.1 and 60.0, but is nan"),
        ({"prot": 1}, "`prot` is no setting: did you mean `port`?"), ({"reload": "x"}, "Argument `reload` must be"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=re.escape(words)):
            Settings(**wrong)
    with pytest.raises(InputError) as refusal:
        Settings(openai_api_key=["sk-1"])
    assert "sk-1" not in str(refusal.value)


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 9


def test_each_setting_says_where_it_comes_from(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("SYNQC_LEASE_SEC=7\nSYNQC_PORT=1\nOPENAI_API_KEY=sk-1\n")
    monkeypatch.chdir(tmp_path)
    for name, value in {"SYNQC_PORT": "70000", "SYNQC_API_KEYS": "a,b"}.items():
        monkeypatch.setenv(name, value)
    for name in ("SYNQC_HOST", "OPENAI_API_KEY", "SYNQC_LEASE_SEC"):
        monkeypatch.delenv(name, raising=False)
    found = {one.variable: (one.value, one.origin) for one in settings_in_use(Environment())}
    assert found["SYNQC_PORT"] == ("65535", "environment")
    assert found["SYNQC_LEASE_SEC"] == ("7.0", ".env")
    assert found["SYNQC_HOST"] == ("127.0.0.1", "default")
    assert (found["SYNQC_API_KEYS"], found["OPENAI_API_KEY"]) == (("***", "environment"), ("***", ".env"))


def test_every_setting_is_described_and_stands_in_the_documentation():
    documented = (Path(__file__).parents[1] / "docs" / "service.md").read_text()
    for one in settings_in_use(Environment({})):
        assert one.description, one.variable
        assert f"`{one.variable}`" in documented, one.variable


def test_no_setting_is_shown_where_it_may_be_a_secret():
    secret = {"openai_api_key": "sk-1", "api_keys": ("sk-2",), "database_url": "postgresql://u:sk-3@h/d"}
    shown = repr(Settings(**secret))
    assert "sk-" not in shown
