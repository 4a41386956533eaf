from __future__ import annotations

import pytest

from taskdist import api
from taskdist.api.common import Model
from taskdist.planning.cel import CelError, CelSyntaxError, compile_rule


def all_rules() -> list[str]:
    assert api.TaskDistribution
    found, todo = [], [Model]
    while todo:
        for model in todo.pop().__subclasses__():
            todo.append(model)
            found += [rule.rule for rule in model.cel]
    return sorted(set(found))


@pytest.mark.parametrize("rule", all_rules())
def test_every_rule_of_the_wire_types_is_understood(rule):
    compile_rule(rule)


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        ("has(self.a)", {}, False),
        ("has(self.a)", {"a": None}, False),
        ("has(self.a.b)", {"a": {"b": 1}}, True),
        ("has(self.a) && self.a.size() > 0", {"a": [1]}, True),
        ("!has(self.a) || self.b", {}, True),
        ("self.missing == 1 || true", {}, True),
        ("self.missing == 1 && false", {}, False),
        ("self.a in ['x', 'y']", {"a": "y"}, True),
        ("!(self.a in self.b)", {"a": "x", "b": ["y"]}, True),
        ("(has(self.a) ? 1 : 0) + (has(self.b) ? 1 : 0) == 1", {"a": 1, "b": 2}, False),
        ("3 - 1 == 2", {}, True),
        ("self.all(v, self.exists_one(w, w == v))", [1, 2], True),
        ("self.all(v, self.exists_one(w, w == v))", [1, 1], False),
        ("self.split('/').exists(part, part == '..')", "a/../b", True),
        ("self.trim().size() > 0", "  ", False),
        ("self.startsWith('a') && self.endsWith('c') && self.contains(\"b\")", "abc", True),
        ("double(string(self)) >= 1.0", 0.99, False),
        ("isQuantity(string(self))", "1x", False),
        ("quantity(self.a).compareTo(quantity(self.b)) <= 0", {"a": "1500m", "b": "1.5"}, True),
        ("quantity(self.a).compareTo(quantity(self.b)) <= 0", {"a": "1Gi", "b": "1G"}, False),
        (r"self.matches(r'^[0-9]+(\.[0-9]+)?$')", "1.5", True),
        (r"self.matches(r'^[0-9]+$')", "1\n", False),
        (r"self == 'it\'s'", "it's", True),
    ],
)
def test_values(rule, value, expected):
    assert compile_rule(rule)(value) is expected


@pytest.mark.parametrize("rule", ["self.a == 1", "self.size() > 'x'", "self.a.b.c"])
def test_what_cannot_be_evaluated(rule):
    with pytest.raises(CelError):
        compile_rule(rule)([1])


@pytest.mark.parametrize(
    "rule",
    ["self.frobnicate()", "format(self)", "self ==", "(self", "self self", "self.1", "self @ 1", "has(1)", "[1, 2"],
)
def test_what_is_not_understood(rule):
    with pytest.raises(CelSyntaxError):
        compile_rule(rule)
