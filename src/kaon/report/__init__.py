"""Figures and the self-contained HTML page; draws what it is handed and knows no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaon.report.runs import Comparison, RunRecord, load

if TYPE_CHECKING:
    from kaon.report.analysis_page import write_analysis as write_analysis
    from kaon.report.figures import write_figures as write_figures
    from kaon.report.page import write_page as write_page

__all__ = ["Comparison", "RunRecord", "load", "write_analysis", "write_figures", "write_page"]


def __getattr__(name: str) -> Any:
    """Import what is slow to import (matplotlib, jinja2) only when asked for."""
    if name == "write_analysis":
        from kaon.report.analysis_page import write_analysis

        return write_analysis
    if name == "write_figures":
        from kaon.report.figures import write_figures

        return write_figures
    if name == "write_page":
        from kaon.report.page import write_page

        return write_page
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
