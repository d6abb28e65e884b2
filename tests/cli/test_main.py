from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from kaon.cli import main as module
from kaon.cli.main import COMMANDS, command
from kaon.errors import ConfigError, DataError, KaonWarning, MissingExtra, SimulationError


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_starts_with_what_the_list_of_commands_says(name: str, kaon: Any) -> None:
    doc = inspect.getdoc(importlib.import_module(f"kaon.cli.{name.replace('-', '_')}").command)
    assert doc is not None
    assert doc.split("\n")[0] == COMMANDS[name]
    assert COMMANDS[name].split()[0] in kaon(name, "--help").out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_json(name: str) -> None:
    assert "json" in {parameter.name for parameter in command(name).params}


@pytest.mark.parametrize("name", ["demo", "simulate", "train", "evaluate"])
def test_random_commands_take_a_seed(name: str) -> None:
    assert "seed" in {parameter.name for parameter in command(name).params}


def test_help_lists_all_commands_without_importing_any(kaon: Any) -> None:
    result = kaon("--help")
    assert result.code == 0
    assert all(name in result.out for name in COMMANDS)


def test_without_words_the_help_is_shown(kaon: Any) -> None:
    assert kaon().out == kaon("--help").out


def test_version(kaon: Any) -> None:
    from kaon import __version__

    assert kaon("--version").out == f"kaon {__version__}\n"


def test_an_unknown_command_names_the_nearest(kaon: Any) -> None:
    result = kaon("trian")
    assert result.code == 2
    assert result.err.startswith("kaon: error: unknown command 'trian'; did you mean train")


def test_an_unknown_option_points_to_the_help(kaon: Any) -> None:
    result = kaon("report", "somewhere", "--colour", "red")
    assert result.code == 2
    assert result.out == ""
    assert "--colour" in result.err
    assert "kaon report --help" in result.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("no"), 2),
        (DataError("no"), 3),
        (MissingExtra("no"), 4),
        (SimulationError("no"), 5),
        (ZeroDivisionError("no"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_codes(error: BaseException, code: int, kaon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("kaon.cli.list.command", fail)
    result = kaon("list")
    assert result.code == code
    assert result.out == ""
    assert result.err.strip().startswith("kaon: ")


def test_ctrl_c_says_how_to_go_on(kaon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kaon.cli.train.command", stop)
    monkeypatch.setattr("kaon.cli.list.command", stop)
    assert "repeat the same command to go on" in kaon("train").err
    assert "repeat" not in kaon("list").err


def test_an_unexpected_error_is_short_unless_the_traceback_is_wanted(
    kaon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("kaon.cli.list.command", fail)
    short = kaon("list").err
    assert short.count("\n") == 1
    assert "ZeroDivisionError: division by zero" in short
    assert "--traceback" in short
    for result in (kaon("list", "--traceback"), kaon("--traceback", "list")):
        assert "Traceback" in result.err
        assert "in fail" in result.err
    monkeypatch.setenv("KAON_TRACEBACK", "1")
    assert "in fail" in kaon("list").err


def test_our_warnings_are_one_line_on_stderr(kaon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def suspicious() -> None:
        for _ in range(2):
            warnings.warn("is this MeV?", KaonWarning, stacklevel=1)

    monkeypatch.setattr("kaon.cli.list.command", suspicious)
    result = kaon("list")
    assert result.code == 0
    assert result.out == ""
    assert result.err == "kaon: warning: is this MeV?\n" * 2


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    program = "import sys; from kaon.cli.main import main; sys.exit(main(['--help']))"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    errors = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=60)
    assert process.returncode in (0, 1)
    assert b"Traceback" not in errors


def test_resumable_commands_exist() -> None:
    assert set(COMMANDS) >= module.RESUMABLE
