"""The command `kaon`: finds the command that is asked for, runs it, and turns every failure into words and a code."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from kaon.errors import KaonError, KaonWarning, UnknownName

__all__ = ["COMMANDS", "command", "main"]

COMMANDS = {
    "demo": "Simulate jets, compare taggers, write the report and an ONNX file: all of kaon in a few minutes.",
    "list": "List the models, representations, recipes, toys, data sets and studies that kaon knows.",
    "fetch": "Download a public data set, and check that it is whole.",
    "simulate": "Make jets, or whole events, from a recipe with Pythia 8 and FastJet; or toys.",
    "inspect": "Show what is in a file: columns, ranges, missing values, classes, weights and small histograms.",
    "train": "Train one model.",
    "ensemble": "Put trainings together as one model.",
    "rank": "Rank the input variables of a model, by permutation and by training without them.",
    "interpret": "Look into a trained network on images: its filters, what excites them, what it cannot do without.",
    "compare": "Train several models on the same events and compare them.",
    "tune": "Search the hyper-parameters of a model.",
    "reproduce": "Make a published result again, beside the published numbers.",
    "evaluate": "Measure a trained model, with errors.",
    "analyse": "Run an analysis: ntuples, selection, background estimates, figures, fit.",
    "predict": "Write the scores of a trained model for files of any size.",
    "import-weights": "Turn the weights of weaver-core into a tagger of kaon.",
    "export": "Turn a trained model into an ONNX file and check that it gives the same scores.",
    "report": "Write the HTML report, or publication figures, of finished runs.",
}
"""Name -> first sentence of its help. A command's own module is imported only when it runs."""

RESUMABLE = frozenset({"analyse", "rank", "demo", "fetch", "simulate", "train", "compare", "tune", "reproduce"})
"""Commands that go on where they were stopped."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as of a shell: 128 + SIGINT."""

# The usage error of the click that typer brings: its own copy, or the installed one.
_UsageError: Any = typer.BadParameter.__base__


class _Commands(TyperGroup):
    """Lists the commands without importing them."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return _build(cmd_name, lambda: None) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        if args[0] not in COMMANDS:
            raise UnknownName("command", args[0], COMMANDS)
        return args[0], command(args[0]), args[1:]


def command(name: str) -> Any:
    """The runnable command of that name; imports its module."""
    return _build(name, import_module(f"kaon.cli.{name.replace('-', '_')}").command)


def _build(name: str, function: Any) -> Any:
    from kaon.cli.options import Command

    app = typer.Typer(add_completion=False, rich_markup_mode="markdown")
    app.command(name, cls=Command, help=_help(name, function))(function)
    return typer.main.get_command(app)


def _help(name: str, function: Any) -> str:
    """The first sentence, and what the docstring says before its sections."""
    lines = (function.__doc__ or "").split("\n    Args:")[0].strip().split("\n")
    return "\n".join([COMMANDS[name], *(line.strip() for line in lines[1:])])


def _group() -> Any:
    app = typer.Typer(cls=_Commands, add_completion=False, rich_markup_mode="markdown")

    @app.callback(invoke_without_command=True)
    def kaon(
        context: typer.Context,
        version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
        traceback: Annotated[
            bool, typer.Option("--traceback", help="Show the full traceback of an unexpected error; anywhere.")
        ] = False,
    ) -> None:
        """Machine learning for particle physics: from collisions to a trained, understood, deployable model.

        `kaon COMMAND --help` tells all of a command. Each takes `--json` for a result that machines read on stdout,
        with everything else on stderr. Exit codes: 0 done, 1 failed, 2 wrong option, 3 wrong data, 4 an optional
        package is missing, 5 the simulation failed, 130 stopped by Ctrl-C.
        """
        if version:
            from kaon import __version__

            print(f"kaon {__version__}")
        elif context.invoked_subcommand is None:
            print(context.get_help())

    return typer.main.get_group(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code of the process.

    Args:
        arguments: without the program's name; those of the process by default.
    """
    # PyTorch's threads spin while they wait for each other. Beside any other work on the machine that makes training
    # five to ten times slower; a short spin costs next to nothing on an idle one. Read when PyTorch is first imported.
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
    given = list(sys.argv[1:] if arguments is None else arguments)
    words = [word for word in given if word != "--traceback"]
    wants_traceback = len(words) < len(given) or os.environ.get("KAON_TRACEBACK", "0") not in ("", "0")
    try:
        with _plain_warnings(), _group().make_context("kaon", words) as context:
            context.command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as request:
        return int(request.exit_code)
    except KaonError as error:
        return _failed("\n".join((str(error), *getattr(error, "__notes__", ()))), error.exit_code, wants_traceback)
    except _UsageError as error:
        context = error.ctx.command_path if error.ctx else "kaon"
        return _failed(f"{error.format_message()} See: {context} --help", 2, wants_traceback)
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted(words)
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # the last resort: words and an exit code instead of a traceback
        hint = "" if wants_traceback else ". This is unexpected: repeat with --traceback to see where it comes from"
        return _failed(f"{type(error).__name__}: {error}{hint}", 1, wants_traceback)
    return 0


def _failed(message: str, code: int, with_traceback: bool) -> int:
    if with_traceback:
        traceback.print_exc()
    print(f"kaon: error: {message}", file=sys.stderr)
    return code


def _interrupted(words: Sequence[str]) -> int:
    name = next((word for word in words if not word.startswith("-")), "")
    what = (
        "what is finished is kept: repeat the same command to go on where it stopped"
        if name in RESUMABLE
        else "nothing was left half-written"
    )
    print(f"\nkaon: interrupted; {what}", file=sys.stderr)
    return INTERRUPTED


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show our own warnings as one line, without the line of code that raised them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("always", category=KaonWarning)
        usual = warnings.showwarning

        def show(message: Any, category: type[Warning], *where: Any, **options: Any) -> None:
            if issubclass(category, KaonWarning):
                print(f"kaon: warning: {message}", file=sys.stderr)
            else:
                usual(message, category, *where, **options)

        warnings.showwarning = show
        yield
