"""Cuts, labels and weights as text, parsed to a typed expression tree and never executed as code.

The language, loosest first:

    or || |   and && &   not   < <= > >= == != in   + -   * / // %   - + ! ~   **   name.member name[0] f(...)

Unlike in Python, `&` and `|` bind looser than comparisons: `pt > 26 & abs(eta) < 2.4` means what an analyst expects.
Comparisons chain: `80 < mass < 100`. Names with unusual characters go in back-quotes: `` `my column` > 1 ``.
"""

from kaon.data.cuts.expression import Expression, parse
from kaon.data.cuts.functions import FUNCTIONS

__all__ = ["FUNCTIONS", "Expression", "parse"]
