"""Sphinx: furo for the looks, MyST for the pages, the reference generated from docstrings."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import kaon
from kaon.cli.main import COMMANDS, command
from kaon.files import write_text

project = "kaon"
author = "The kaon developers"
copyright = "The kaon developers, BSD-3-Clause"
version = release = kaon.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]

html_theme = "furo"
html_title = "kaon"
html_static_path = ["_static"]
html_css_files = ["kaon.css"]
html_show_sourcelink = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0a5c8a", "color-brand-content": "#0a5c8a"},
    "dark_css_variables": {"color-brand-primary": "#7cc4ee", "color-brand-content": "#7cc4ee"},
}

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# In docstrings, single backquotes mean code.
default_role = "code"
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
napoleon_numpy_docstring = False
napoleon_use_rtype = False

# A type such as `type` is Python's own, however many attributes of ours have that name.
suppress_warnings = ["ref.python"]

_CODE = re.compile(r"(``.+?``(?!`)|`[^`]+`)")
_MARKUP = re.compile(r"[*|\\]|(?<=\w)_(?=\W|$)")


def _list_exports(_app: Any, config: Any) -> None:
    """For each package, where the names it offers are defined: the table at the top of its page."""
    packages = [info.name for info in walk_packages(kaon.__path__, "kaon.") if info.ispkg]
    config.autosummary_context = {"exports": {name: _exports(name) for name in packages}}


def _exports(package: str) -> list[str]:
    module = import_module(package)
    homes = {name: getattr(getattr(module, name), "__module__", "") for name in getattr(module, "__all__", ())}
    return [f"{home}.{n}".removeprefix(f"{package}.") for n, home in homes.items() if home.startswith(f"{package}.")]


def _skip(_app: Any, _what: str, name: str, _obj: Any, skip: bool, _options: Any) -> bool | None:
    """Leave out what scikit-learn adds to every estimator."""
    return True if re.fullmatch(r"set_\w+_request", name) else None


def _plain_text(_app: Any, _what: str, _name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    """Docstrings are plain text with code in backquotes: signs that reStructuredText would read as markup are escaped.

    A paragraph that ends in a colon introduces the indented lines after it, which are shown as they are.
    """
    verbatim: int | None = None  # indentation of what introduced the lines to be left alone
    example = False
    for i, line in enumerate(lines):
        text = line.lstrip()
        indent = len(line) - len(text)
        if verbatim is not None and text and indent <= verbatim:
            verbatim = None
        example = text.startswith(">>>") or (example and bool(text))
        if verbatim is not None or example:
            continue
        following = lines[i + 2] if i + 2 < len(lines) and not lines[i + 1].strip() else ""
        if text.endswith(":") and len(following) - len(following.lstrip()) > indent:
            verbatim = indent
            line += ":"
        lines[i] = "".join(_escaped(part) for part in _CODE.split(line))


def _escaped(part: str) -> str:
    if part.startswith("``"):
        return f"``{part[2:-2].strip()}``"
    return part if part.startswith("`") else _MARKUP.sub(r"\\\g<0>", part)


_ARRAY = re.compile(r"~?numpy\.ndarray\[tuple\[~?typing\.Any, \.\.\.\], ~?numpy\.dtype\[~?\w+\.(\w+)\]\]")
_FACTORY = re.compile("<factory>", re.IGNORECASE)


def _short_signature(
    _app: Any, _what: str, _name: str, _obj: Any, _options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Types as they are written in the source, not as Python spells them out."""
    return _short(signature), _short(returns)


def _short(text: str | None) -> str | None:
    return text and _FACTORY.sub("...", _without_limits(_ARRAY.sub(r"NDArray[\1]", text)))


def _without_limits(text: str) -> str:
    """`Annotated[X, ...]` is an X; what is allowed stands in the docstring."""
    opening = re.search(r"~?typing\.Annotated\[", text)
    if opening is None:
        return text
    depth, comma = 0, 0
    for i in range(opening.end(), len(text)):
        if text[i] == "," and depth == 0 and not comma:
            comma = i
        if text[i] == "]" and depth == 0:
            return _without_limits(text[: opening.start()] + text[opening.end() : comma] + text[i + 1 :])
        depth += {"[": 1, "(": 1, "]": -1, ")": -1}.get(text[i], 0)
    return text


def _write_commands(app: Any) -> None:
    """A page of all commands and their options, from the command line's own help."""
    lines = ["# Commands", "", "As `kaon COMMAND --help` says. Every command also takes `--json` and `--help`."]
    for name in COMMANDS:
        made = command(name)
        lines += ["", f"## kaon {name}", "", made.help]
        panels: dict[str, list[Any]] = {}
        for parameter in made.params:
            if parameter.name not in ("json", "help"):
                panels.setdefault(getattr(parameter, "rich_help_panel", None) or "", []).append(parameter)
        for panel, parameters in panels.items():
            lines += ["", f"| {panel or 'Options'} | |", "|---|---|", *map(_option_row, parameters)]
    path = Path(app.srcdir) / "reference" / "api" / "commands.md"
    text = "\n".join(lines) + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)


def _option_row(parameter: Any) -> str:
    option = parameter.opts[0].startswith("-")
    words = ", ".join([*parameter.opts, *parameter.secondary_opts]) if option else parameter.name.upper()
    if parameter.metavar:
        words += f" {parameter.metavar}"
    about = parameter.help or ""
    if parameter.required:
        about += " Required."
    elif parameter.show_default and parameter.default not in (None, False) and "[default" not in about:
        about += f" [default: {parameter.default}]"
    return f"| `{_cell(words)}` | {_cell(about)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def setup(app: Any) -> None:
    """Docstrings are ours before napoleon, of priority 500, turns their sections into markup."""
    app.connect("config-inited", _list_exports)
    app.connect("builder-inited", _write_commands)
    app.connect("autodoc-process-docstring", _plain_text, priority=100)
    app.connect("autodoc-process-signature", _short_signature)
    app.connect("autodoc-skip-member", _skip)
