"""Tokens to tree: a Pratt parser (Pratt, "Top down operator precedence", 1973)."""

from __future__ import annotations

from kaon.data.cuts.functions import FUNCTIONS
from kaon.data.cuts.tokens import Kind, Token, complaint, tokenise
from kaon.data.cuts.tree import Binary, Call, Column, Compare, Item, Logic, Member, Node, Number, Text, Type, Unary
from kaon.errors import nearest

__all__ = ["build"]

_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!=", "in"})
_BINDING = {"|": 1, "&": 2} | dict.fromkeys(_COMPARISONS, 4)
_BINDING |= {"+": 5, "-": 5, "*": 6, "/": 6, "//": 6, "%": 6, "**": 8, "[": 9, ".": 9}
_NOT, _SIGN = 3, 7
_CONSTANTS: dict[str, float | bool] = {"true": True, "false": False, "pi": 3.141592653589793}


def build(text: str) -> Node:
    """The tree of an expression.

    Raises:
        ConfigError: it is empty or malformed; the message points at the place.
    """
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenise(text)
        self.at = 0

    def whole(self) -> Node:
        if self.ended():
            raise complaint(self.text, 0, "the expression is empty; write for example: pt > 26 & abs(eta) < 2.4")
        node = self.expression(0)
        if not self.ended():
            raise self.wrong(self.now, f"{self.now.text!r} was not expected here; is an operator missing?")
        return node

    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    def ended(self) -> bool:
        return self.now.kind is Kind.END

    def next(self) -> Token:
        token = self.tokens[self.at]
        self.at += token.kind is not Kind.END
        return token

    def sees(self, operator: str) -> bool:
        return self.now.kind is Kind.OPERATOR and self.now.text == operator

    def expect(self, operator: str, why: str) -> None:
        if not self.sees(operator):
            raise self.wrong(self.now, f"expected {operator!r} {why}")
        self.next()

    def wrong(self, token: Token, message: str) -> Exception:
        return complaint(self.text, token.position, message)

    def expression(self, binding: int) -> Node:
        node = self.prefix()
        while self.now.kind is Kind.OPERATOR and _BINDING.get(self.now.text, 0) > binding:
            node = self.infix(node)
        return node

    def prefix(self) -> Node:
        token = self.next()
        match token.kind, token.text:
            case Kind.NUMBER, word:
                whole = word.isdigit()
                return Number(token.position, int(word) if whole else float(word))
            case Kind.TEXT, word:
                return Text(token.position, word)
            case Kind.NAME, word:
                return self.name(token, word)
            case Kind.OPERATOR, "(":
                node = self.expression(0)
                self.expect(")", "to close the bracket")
                return node
            case Kind.OPERATOR, "-" | "+":
                return Unary(token.position, token.text, self.number(self.expression(_SIGN)))
            case Kind.OPERATOR, "!":
                return Unary(token.position, "!", self.condition(self.expression(_SIGN)))
            case Kind.OPERATOR, "not":
                return Unary(token.position, "!", self.condition(self.expression(_NOT)))
        what = "the expression ends, but a value is missing" if token.kind is Kind.END else "a value is missing"
        raise self.wrong(token, f"{what} here")

    def name(self, token: Token, word: str) -> Node:
        if self.sees("("):
            return self.call(token)
        if word.lower() in _CONSTANTS and self.text[token.position - 1 : token.position] != "`":
            return Number(token.position, _CONSTANTS[word.lower()])
        return Column(token.position, word)

    def call(self, token: Token) -> Node:
        function = FUNCTIONS.get(token.text)
        if function is None:
            raise self.wrong(token, f"there is no function {token.text!r}; {nearest(token.text, FUNCTIONS, most=40)}")
        arguments = self.listed("(", ")")
        if len(arguments) not in function.arguments:
            allowed = " or ".join(map(str, function.arguments))
            raise self.wrong(token, f"{token.text}() takes {allowed} argument(s), but {len(arguments)} are given")
        return Call(token.position, token.text, arguments, function.returns)

    def listed(self, opening: str, closing: str) -> tuple[Node, ...]:
        self.expect(opening, "to open the list")
        items: list[Node] = []
        while not self.sees(closing):
            items.append(self.expression(0))
            if not self.sees(","):
                break
            self.next()
        self.expect(closing, "to close the list")
        return tuple(items)

    def infix(self, left: Node) -> Node:
        token = self.next()
        operator, position = token.text, token.position
        if operator == ".":
            return self.member(left)
        if operator == "[":
            return self.item(left, position)
        if operator in _COMPARISONS:
            return self.chain(left, token)
        if operator in "&|":
            return Logic(position, operator, self.condition(left), self.condition(self.expression(_BINDING[operator])))
        if operator == "**":
            return Binary(position, operator, self.number(left), self.number(self.expression(_SIGN - 1)))
        return Binary(position, operator, self.number(left), self.number(self.expression(_BINDING[operator])))

    def member(self, owner: Node) -> Node:
        token = self.next()
        if token.kind is not Kind.NAME:
            raise self.wrong(token, "a name must follow the dot")
        if isinstance(owner, Column):
            return Column(owner.position, f"{owner.name}.{token.text}")
        return Member(token.position, owner, token.text)

    def item(self, owner: Node, position: int) -> Node:
        sign = -1 if self.sees("-") else 1
        if sign < 0:
            self.next()
        token = self.next()
        if token.kind is not Kind.NUMBER or not token.text.isdigit():
            raise self.wrong(token, "a whole number must stand in [ ]; [0] is the first entry of each event's list")
        self.expect("]", "after the number")
        return Item(position, owner, sign * int(token.text))

    def chain(self, left: Node, token: Token) -> Node:
        if token.text == "in":
            choices = self.listed("[", "]") if self.sees("[") else self.listed("(", ")")
            if not choices:
                raise self.wrong(token, "nothing to choose from; write for example: flavour in (1, 2, 3)")
            return Compare(token.position, ("in",), (left, *choices))
        operators, operands = [token.text], [left, self.expression(_BINDING[token.text])]
        while self.now.kind is Kind.OPERATOR and self.now.text in _COMPARISONS - {"in"}:
            operators.append(self.next().text)
            operands.append(self.expression(_BINDING["<"]))
        return Compare(token.position, tuple(operators), tuple(operands))

    def condition(self, node: Node) -> Node:
        if node.type in (Type.NUMBER, Type.TEXT):
            raise complaint(
                self.text, node.position, f"this is {node.type.value}, not a condition; compare it: ... > 0"
            )
        return node

    def number(self, node: Node) -> Node:
        if node.type is Type.TEXT:
            raise complaint(self.text, node.position, "a text cannot be calculated with")
        return node
