"""The CEL rules of the wire types, evaluated without an API server.

``taskdist lint`` and ``plan`` apply the very rules that the CRDs carry (:class:`taskdist.api.cel.Rule`), so that a
user reads offline what the API server would say. Only the part of the language that our rules use is here: a rule that
needs more does not compile, which a test notices. Language:
https://github.com/google/cel-spec/blob/master/doc/langdef.md
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Final

from taskdist.engine.quantity import parse_cpu_millis

Environment = dict[str, Any]
Expression = Callable[[Environment], Any]


class CelSyntaxError(ValueError):
    """The rule uses something that is not understood here."""


class CelError(Exception):
    """The rule cannot be evaluated on this value: a field is missing, or of another type.

    Types and required fields are checked before the rules, so that this is no news to the user.
    """


_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<number>\d+\.\d+|\d+)|(?P<text>r?'(?:[^'\\]|\\.)*'|r?"(?:[^"\\]|\\.)*")|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<op>&&|\|\||==|!=|<=|>=|[-+!<>?:.,()\[\]]))"""
)
_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<=": lambda a, b: bool(a <= b),
    ">=": lambda a, b: bool(a >= b),
    "<": lambda a, b: bool(a < b),
    ">": lambda a, b: bool(a > b),
    "in": lambda a, b: a in b,
}


@cache
def compile_rule(rule: str) -> Callable[[Any], bool]:
    """Return the function that tells whether a value (``self``) obeys the rule; it raises :class:`CelError`.

    Raises:
        CelSyntaxError: the rule needs more of CEL than is understood here.
    """
    expression = _Parser(rule).whole()

    def holds(value: Any) -> bool:
        try:
            return bool(expression({"self": value}))
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise CelError(str(error)) from error

    return holds


class _Parser:
    """Recursive descent from the loosest operator to the tightest; each method returns a closure."""

    def __init__(self, rule: str) -> None:
        self._rule = rule
        self._tokens = list(_tokens(rule))
        self._next = 0

    def whole(self) -> Expression:
        expression = self._ternary()
        if self._next < len(self._tokens):
            raise CelSyntaxError(f"{self._rule}: {self._tokens[self._next][1]} is not expected")
        return expression

    def _peek(self) -> str:
        return self._tokens[self._next][1] if self._next < len(self._tokens) else ""

    def _accept(self, *texts: str) -> str:
        if self._peek() in texts and self._tokens[self._next][0] != "text":
            self._next += 1
            return self._tokens[self._next - 1][1]
        return ""

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise CelSyntaxError(f"{self._rule}: {text} is expected before {self._peek() or 'the end'}")

    def _ternary(self) -> Expression:
        condition = self._either()
        if not self._accept("?"):
            return condition
        then = self._ternary()
        self._expect(":")
        otherwise = self._ternary()
        return lambda env: then(env) if condition(env) else otherwise(env)

    def _either(self) -> Expression:
        left = self._both()
        while self._accept("||"):
            left = _or(left, self._both())
        return left

    def _both(self) -> Expression:
        left = self._comparison()
        while self._accept("&&"):
            left = _and(left, self._comparison())
        return left

    def _comparison(self) -> Expression:
        left = self._sum()
        while operator := self._accept(*_COMPARISONS):
            left = _compare(_COMPARISONS[operator], left, self._sum())
        return left

    def _sum(self) -> Expression:
        left = self._unary()
        while operator := self._accept("+", "-"):
            left = _add(left, self._unary(), 1 if operator == "+" else -1)
        return left

    def _unary(self) -> Expression:
        if self._accept("!"):
            operand = self._unary()
            return lambda env: not operand(env)
        return self._member()

    def _member(self) -> Expression:
        value = self._primary()
        while self._accept("."):
            name = self._name()
            value = self._call(value, name) if self._accept("(") else _field(value, name)
        return value

    def _call(self, target: Expression, name: str) -> Expression:
        if name in _MACROS:
            variable = self._name()
            self._expect(",")
            body = self._ternary()
            self._expect(")")
            return _macro(_MACROS[name], target, variable, body)
        if name not in _METHODS:
            raise CelSyntaxError(f"{self._rule}: the method {name} is not understood here")
        return _apply(_METHODS[name], [target, *self._arguments()])

    def _primary(self) -> Expression:
        kind, text = self._tokens[self._next] if self._next < len(self._tokens) else ("", "the end")
        self._next += 1
        match kind:
            case "number":
                return _constant(Decimal(text) if "." in text else int(text))
            case "text":
                return _constant(_unquoted(text))
            case "name":
                return self._named(text)
        if text == "(":
            inner = self._ternary()
            self._expect(")")
            return inner
        if text == "[":
            items = self._arguments("]")
            return lambda env: [item(env) for item in items]
        raise CelSyntaxError(f"{self._rule}: {text} is not expected")

    def _named(self, name: str) -> Expression:
        if name in {"true", "false"}:
            return _constant(name == "true")
        if name in _TYPES and self._peek() != "(":
            return _constant(_TYPES[name])
        if not self._accept("("):
            return lambda env: env[name]
        if name == "has":
            return self._has()
        if name not in _FUNCTIONS:
            raise CelSyntaxError(f"{self._rule}: the function {name} is not understood here")
        return _apply(_FUNCTIONS[name], self._arguments())

    def _has(self) -> Expression:
        owner = self._primary()
        self._expect(".")
        name = self._name()
        while self._accept("."):
            owner, name = _field(owner, name), self._name()
        self._expect(")")
        return lambda env: owner(env).get(name) is not None

    def _arguments(self, closing: str = ")") -> list[Expression]:
        arguments: list[Expression] = []
        while not self._accept(closing):
            if arguments:
                self._expect(",")
            arguments.append(self._ternary())
        return arguments

    def _name(self) -> str:
        kind, text = self._tokens[self._next] if self._next < len(self._tokens) else ("", "the end")
        if kind != "name":
            raise CelSyntaxError(f"{self._rule}: a name is expected, not {text}")
        self._next += 1
        return text


def _tokens(rule: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while rule[at:].strip():
        match = _TOKEN.match(rule, at)
        if match is None:
            raise CelSyntaxError(f"{rule}: {rule[at:].strip()[:10]} is not understood here")
        found.append((str(match.lastgroup), match[str(match.lastgroup)]))
        at = match.end()
    return found


def _unquoted(token: str) -> str:
    return token[2:-1] if token[0] == "r" else re.sub(r"\\(.)", r"\1", token[1:-1])


def _constant(value: Any) -> Expression:
    return lambda _env: value


def _field(owner: Expression, name: str) -> Expression:
    return lambda env: owner(env)[name]


def _compare(operator: Callable[[Any, Any], bool], left: Expression, right: Expression) -> Expression:
    return lambda env: operator(left(env), right(env))


def _add(left: Expression, right: Expression, sign: int) -> Expression:
    return lambda env: left(env) + sign * right(env)


def _or(left: Expression, right: Expression) -> Expression:
    # CEL: an error on one side does not matter if the other side decides.
    def evaluate(env: Environment) -> bool:
        try:
            if left(env):
                return True
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError):
            if right(env):
                return True
            raise
        return bool(right(env))

    return evaluate


def _and(left: Expression, right: Expression) -> Expression:
    def evaluate(env: Environment) -> bool:
        try:
            if not left(env):
                return False
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError):
            if not right(env):
                return False
            raise
        return bool(right(env))

    return evaluate


def _apply(function: Callable[..., Any], arguments: list[Expression]) -> Expression:
    return lambda env: function(*(argument(env) for argument in arguments))


def _macro(decide: Callable[[list[bool]], bool], target: Expression, variable: str, body: Expression) -> Expression:
    return lambda env: decide([bool(body({**env, variable: item})) for item in target(env)])


def _is_quantity(text: str) -> bool:
    try:
        parse_cpu_millis(text)
    except ValueError:
        return False
    return True


def _matches(text: str, pattern: str) -> bool:
    # In RE2, which the API server uses, $ is the end of the text; in Python it may also be before a last line break.
    whole = pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern
    return re.search(whole, text) is not None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_TYPES: Final[Mapping[str, type]] = {"int": int, "string": str, "bool": bool}
_MACROS: Final[Mapping[str, Callable[[list[bool]], bool]]] = {
    "all": all,
    "exists": any,
    "exists_one": lambda found: found.count(True) == 1,
}
_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "type": type,
    "double": Decimal,
    "isQuantity": _is_quantity,
    "quantity": parse_cpu_millis,  # one grammar for CPU and memory, and thousandths keep both exact
    "size": len,
    "string": _text,
}
_METHODS: Final[Mapping[str, Callable[..., Any]]] = {
    "compareTo": lambda a, b: (a > b) - (a < b),
    "contains": lambda text, part: part in text,
    "endsWith": lambda text, part: text.endswith(part),
    "matches": _matches,
    "size": len,
    "split": lambda text, separator: text.split(separator),
    "startsWith": lambda text, part: text.startswith(part),
    "trim": str.strip,
}
