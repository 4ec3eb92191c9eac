"""Settings: where they come from, and the one line that says how to fix a wrong value."""

from __future__ import annotations

import os
from ipaddress import ip_network
from operator import attrgetter
from pathlib import Path

import pytest

from larst.config import FIELDS, load_settings
from larst.errors import ConfigError

NAMES_OF_OTHERS = {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "LLM_MOCK_HANDLER"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and none of the settings of this machine."""
    for name in os.environ:
        if name.startswith(("LARS_", "SANDBOX_", "OPENAI_", "ANTHROPIC_", "LLM_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


class TestSources:
    def test_defaults_serve_without_any_configuration(self) -> None:
        settings = load_settings({})

        assert (settings.http.host, settings.http.port) == ("127.0.0.1", 8000)
        assert settings.data_root.is_absolute()
        assert settings.http.auth_token is None
        assert settings.http.cors_origins == ()
        assert settings.http.trusted_proxies == ()
        assert settings.http.max_body_bytes == 10 * 1024 * 1024
        assert settings.http.max_import_bytes == 64 * 1024 * 1024
        assert settings.models.default_provider is None

    def test_flags_win_over_the_environment_and_that_over_the_file(
        self, here: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (here / ".env").write_text("LARS_PORT=1\nLARS_HOST=::1\nLARS_LOG_LEVEL=debug\n")
        monkeypatch.setenv("LARS_PORT", "2")
        monkeypatch.setenv("LARS_HOST", "0.0.0.0")  # noqa: S104 - nothing listens here

        settings = load_settings({"LARS_PORT": "3"})

        assert (settings.http.port, settings.log_level) == (3, "debug")
        assert settings.http.host == "0.0.0.0"  # noqa: S104 - nothing listens here

    def test_an_empty_variable_counts_as_unset(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Compose files pass `${LARS_PORT:-}` on even if it is not set."""
        for variable in ("LARS_PORT", "LARS_AUTH_TOKEN", "LARS_CORS_ORIGINS"):
            monkeypatch.setenv(variable, "")

        settings = load_settings({})

        assert (settings.http.port, settings.http.auth_token, settings.http.cors_origins) == (
            8000,
            None,
            (),
        )

    def test_variables_of_other_programs_in_the_file_are_ignored(self, here: Path) -> None:
        (here / ".env").write_text("DATABASE_URL=x\nLARS_PORT=9\n")

        assert load_settings({}).http.port == 9

    def test_a_file_that_cannot_be_read_stops_the_start(self, here: Path) -> None:
        """Without the file, the service might run without its LARS_AUTH_TOKEN."""
        (here / ".env").write_bytes(b"LARS_HOST=\xff\xfe")

        with pytest.raises(ConfigError, match=r"^\.env cannot be read: "):
            load_settings({})

    def test_settings_cannot_be_changed(self) -> None:
        with pytest.raises(ValueError, match="frozen"):
            load_settings({}).http.port = 1  # type: ignore[misc]  # what the test is about

    def test_every_setting_can_be_documented(self) -> None:
        for variable, field in FIELDS.items():
            assert variable.startswith(("LARS_", "SANDBOX_")) or variable in NAMES_OF_OTHERS
            assert field.description
            assert isinstance(field.json_schema_extra, dict)
            assert field.json_schema_extra["allowed"]


class TestValues:
    @pytest.mark.parametrize(
        ("variable", "value", "field", "expected"),
        [
            ("LARS_PORT", "0", "http.port", 0),
            ("LARS_LOG_LEVEL", " WARNING ", "log_level", "warning"),
            ("LARS_AUTH_TOKEN", "s3cret", "http.auth_token", "s3cret"),
            ("LARS_HOST", "::1", "http.host", "::1"),
            (
                "LARS_CORS_ORIGINS",
                "https://A.example, http://localhost:3000",
                "http.cors_origins",
                ("https://a.example", "http://localhost:3000"),
            ),
            (
                "LARS_TRUSTED_PROXIES",
                "10.0.0.0/8, 192.0.2.1,::1",
                "http.trusted_proxies",
                (ip_network("10.0.0.0/8"), ip_network("192.0.2.1/32"), ip_network("::1/128")),
            ),
            ("LARS_IDLE_S", "2.5", "sessions.idle_s", 2.5),
            ("LARS_DIALECT", " DRF ", "sessions.dialect", "drf"),
            ("LARS_UNKNOWN_QUERY", "Refuse", "sessions.unknown_query", "refuse"),
            ("LARS_PLAN_MODE", "locked", "planning.mode", "locked"),
            ("LARS_SANDBOX_DENY_NET", "yes", "sandbox.deny_net", True),
            ("SANDBOX_DATA_ROOT", "~/larst", "data_root", Path.home() / "larst"),
        ],
    )
    def test_a_valid_value_is_parsed(
        self,
        monkeypatch: pytest.MonkeyPatch,
        variable: str,
        value: str,
        field: str,
        expected: object,
    ) -> None:
        monkeypatch.setenv(variable, value)

        assert attrgetter(field)(load_settings({})) == expected

    @pytest.mark.parametrize(
        ("variable", "value", "allowed"),
        [
            ("LARS_PORT", "http", "an integer from 0 to 65535 is allowed"),
            ("LARS_PORT", "65536", "an integer from 0 to 65535 is allowed"),
            ("LARS_HOST", "http://localhost", "a host name or an IP address is allowed"),
            ("LARS_LOG_LEVEL", "LOUD", "debug, info, warning or error is allowed"),
            ("LARS_IDLE_S", "nan", "a number of seconds from 1 to 604800 is allowed"),
            ("LARS_DRAIN_S", "inf", "a number of seconds from 0 to 604800 is allowed"),
            ("LARS_SANDBOX_WORKERS", "0", "an integer from 1 to 1024 is allowed"),
            ("LARS_DIALECT", "klingon", "the name of a dialect"),
            ("LARS_UNKNOWN_QUERY", "guess", "match-nothing, refuse or ignore is allowed"),
            ("LARS_PLAN_MODE", "learned", "learn, fresh or locked is allowed"),
            ("LARS_CORS_ORIGINS", "https://a.example/", "origins such as"),
            ("LARS_CORS_ORIGINS", "*,https://a.example", "origins such as"),
            ("LARS_TRUSTED_PROXIES", "10.0.0.1/8", "networks such as 10.0.0.0/8 is allowed"),
            ("LARS_TRUSTED_PROXIES", "*", "networks such as 10.0.0.0/8 is allowed"),
            ("LARS_DEFAULT_PROVIDER", "gemini", "openai, anthropic or rules is allowed"),
            ("LARS_LLM_BASE_URL", "localhost:11434", "an address such as http://127.0.0.1:11434"),
            ("LARS_LLM_BASE_URL", "http://me:pw@host/v1", "an address such as"),
            ("LARS_SANDBOX_LLM_ALLOWED_HOSTS", "http://a", "a comma-separated list of host names"),
            ("LARS_FALLBACK", "guess", "rules or none is allowed"),
            ("LARS_PROMPT_VALUES", "all", "sketch, full or never is allowed"),
            ("LARS_PLAN_BUDGET_PER_MINUTE", "0", "an integer from 1 to 1000000 is allowed"),
            ("LARS_PRICES", "small=cheap", "US dollars per million tokens"),
            ("LARS_MODEL", "two words", "the name of a model is allowed"),
            ("LLM_MOCK_HANDLER", "handler", "module.function is allowed"),
            ("LARS_SCHEMA_MODE", "strict", "learn, warn or enforce is allowed"),
            ("LARS_SANDBOX_DENY_NET", "false", "programs never get network access"),
            ("SANDBOX_DATA_ROOT", "~missing-user/x", "the path of a directory is allowed"),
        ],
    )
    def test_a_wrong_value_stops_the_start_with_one_line(
        self, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, allowed: str
    ) -> None:
        monkeypatch.setenv(variable, value)

        with pytest.raises(ConfigError) as error_info:
            load_settings({})

        (line,) = error_info.value.detail.splitlines()
        assert line.startswith(f"{variable}={value!r}: ")
        assert allowed in line

    def test_all_wrong_values_are_reported_together(self) -> None:
        with pytest.raises(ConfigError) as error_info:
            load_settings({"LARS_PORT": "x\ny", "LARS_HOST": "", "LARS_MAX_EXEC_MS": 0})

        assert error_info.value.detail.splitlines() == [
            "LARS_HOST='': a host name or an IP address is allowed",
            "LARS_PORT='x\\ny': an integer from 0 to 65535 is allowed",
            "LARS_MAX_EXEC_MS=0: an integer from 1 to 3600000 is allowed",
        ]


class TestSecrets:
    def test_no_text_of_the_settings_shows_the_token(self) -> None:
        settings = load_settings({"LARS_AUTH_TOKEN": "s3cret"})

        text = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"

        assert "s3cret" not in text
        assert settings.http.auth_token == "s3cret"

    @pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"])
    def test_no_text_of_the_settings_shows_a_key_of_a_provider(self, variable: str) -> None:
        settings = load_settings({variable: "s3cret"})

        assert "s3cret" not in f"{settings!r} {settings} {settings.model_dump()}"

    def test_a_wrong_token_is_not_shown_either(self) -> None:
        """It is wrong because no client can send it: every request would be refused."""
        with pytest.raises(ConfigError) as error_info:
            load_settings({"LARS_AUTH_TOKEN": "s3cret\n"})

        assert error_info.value.detail.startswith(
            "LARS_AUTH_TOKEN=(not shown): text of visible ASCII"
        )
        assert "s3cret" not in f"{error_info.value.detail} {error_info.value.__cause__}"


class TestUnknownNames:
    @pytest.mark.parametrize(
        ("name", "warning"),
        [
            ("LARS_PROT", "unknown setting LARS_PROT is ignored; did you mean LARS_PORT?"),
            ("LARST_PORT", "unknown setting LARST_PORT is ignored; did you mean LARS_PORT?"),
            ("LARS_XYZZY", "unknown setting LARS_XYZZY is ignored"),
        ],
    )
    def test_an_unknown_name_is_logged_and_ignored(
        self,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        name: str,
        warning: str,
    ) -> None:
        """A misspelt name of the token would leave the service open without a warning."""
        monkeypatch.setenv(name, "1")

        load_settings({})

        assert caplog.messages == [warning]

    def test_unknown_names_in_the_file_are_logged_too(
        self, here: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (here / ".env").write_text("LARS_AUTH_TOKN=s3cret\nPORT=1\n")

        load_settings({})

        assert caplog.messages == [
            "unknown setting LARS_AUTH_TOKN is ignored; did you mean LARS_AUTH_TOKEN?"
        ]
