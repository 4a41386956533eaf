"""The cases: from the CRD's schema (every bound of every field) and from rules of the domain (graphs, names, edits at run time).

Deterministic by seed. A case is two specs, given as tasks and edits, so that a failing one can be made smaller part by part.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final

from taskdist.api.schema import crds

Json = dict[str, Any]
Path = tuple[str | int, ...]

_BASE: Final[Json] = {"resourcePolicy": {"rightSizing": "Off"}, "retry": {"limit": 1, "backoffSeconds": 1}}
"""Sizes must not be learned from one case to the next: the plan's hash would differ for a good reason."""


@dataclass(frozen=True, slots=True)
class Edit:
    """``value`` at ``path`` of the spec; lists and objects on the way are made. ``None`` takes the field away."""

    path: Path
    value: Any = field(hash=False)

    def __str__(self) -> str:
        text = repr(self.value)
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return f"spec{where} = {text if len(text) <= 90 else text[:70] + f'… ({len(text)} characters)'}"


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a case: a task, an edit of the first spec, or an edit that makes the second one of it."""

    role: str
    what: Any = field(hash=False)

    def __str__(self) -> str:
        return f"{self.role}: {self.what}"


@dataclass(frozen=True, slots=True)
class Case:
    """``early``: it is changed as soon as it was seen, not once it has come to rest."""

    number: int
    family: str
    parts: tuple[Part, ...]
    early: bool = False

    @property
    def before(self) -> Json:
        """The spec that it is created with, and rolled back to."""
        return self._spec(("before",))

    @property
    def after(self) -> Json:
        """The spec that it is changed to."""
        return self._spec(("before", "after"))

    def of(self, parts: Sequence[Part]) -> Case:
        """The same with other parts."""
        return replace(self, parts=tuple(parts))

    def _spec(self, roles: tuple[str, ...]) -> Json:
        spec: Json = copy.deepcopy(_BASE)
        spec["tasks"] = [copy.deepcopy(part.what) for part in self.parts if part.role == "task"]
        for part in self.parts:
            if part.role in roles:
                _put(spec, part.what.path, copy.deepcopy(part.what.value))
        return _patient(spec)

    def __str__(self) -> str:
        told = "; ".join(str(part) for part in self.parts if part.role != "task")
        return f"#{self.number} {self.family}: {told or 'no edit'}"


def _put(spec: Json, path: Path, value: Any) -> None:
    owner: Any = spec
    for step, following in pairwise(path):
        if isinstance(owner, list) and isinstance(step, int):
            while len(owner) <= step:
                owner.append({"name": f"t{len(owner)}"})
            owner = owner[step]
        elif isinstance(owner, dict):
            owner = owner.setdefault(step, [] if isinstance(following, int) else {})
        if not isinstance(owner, dict | list):
            return  # an earlier edit put a scalar there
    last = path[-1]
    if isinstance(owner, list) and isinstance(last, int):
        owner[last : last + 1] = [] if value is None else [value]
    elif isinstance(owner, dict):
        owner[last] = value


def _patient(spec: Json) -> Json:
    """Where time decides, let it decide the same way every time: under a short deadline nothing ends by itself."""
    limits = spec.get("limits")
    seconds = limits.get("deadlineSeconds") if isinstance(limits, dict) else None
    if isinstance(seconds, int) and seconds < 60 and isinstance(spec.get("tasks"), list):
        for task in spec["tasks"]:
            if isinstance(task, dict):
                task["env"] = [{"name": "SIMULATED_DELAY", "value": "24h"}]
    return spec


def task(name: str, *after: str, delay: str = "50ms", **more: Any) -> Json:
    """A task whose simulated pod ends after ``delay``."""
    wanted: Json = {"name": name, "agentType": "general", "script": "true"}
    wanted["env"] = [{"name": "SIMULATED_DELAY", "value": delay}]
    return wanted | ({"dependsOn": list(after)} if after else {}) | more


# --- from the schema ---------------------------------------------------------------------------------------------------

ODD_TEXTS: Final = (
    *(
        "",
        " ",
        "a" * 253,
        "a" * 300,
        "größe",
        "日本語",
        "🙂",
        "../../etc/passwd",
        "$(x)",
        "$(tasks.a.results.x)",
        "two\nlines",
    ),
    *("a\tb", "\u202eabc", "null", "true", "-", "A", "a.b", "a_b", "'; DROP TABLE", "%s%n", "{{x}}", "\u0000"),
)
ODD_NUMBERS: Final = (0, -1, 1, 2**31, 2**63, 1.5, "1", True)
ODD_QUANTITIES: Final = (
    *(
        "-1",
        "-500m",
        "NaN",
        "Infinity",
        "1e400",
        "1E",
        "9" * 20,
        "0",
        "0.0001",
        "1Zi",
        "1 Gi",
        "\uff11",
        "",
        "1Gi",
        "250m",
        0,
        -1,
        10**13,
    ),
)


def _walk(schema: Json, path: Path = ()) -> Iterator[tuple[Path, Json]]:
    if path:
        yield path, schema
    for name, below in schema.get("properties", {}).items():
        yield from _walk(below, (*path, name))
    if schema.get("type") == "array":
        yield from _walk(schema["items"], (*path, 0))


def _values(schema: Json) -> Iterator[Any]:
    """What is worth trying for a field: at its bounds, beyond them, and what people and attackers write."""
    if schema.get("enum"):
        yield from schema["enum"]
        yield "Nonsense"
    elif schema.get("x-kubernetes-int-or-string"):
        yield from ODD_QUANTITIES
    elif schema.get("type") == "string":
        yield from ODD_TEXTS
        longest = schema.get("maxLength", 300)
        yield from ("a" * longest, "a" * (longest + 1))
    elif schema.get("type") == "integer":
        yield from ODD_NUMBERS
        yield from (
            schema[k] + d for k, d in (("minimum", 0), ("minimum", -1), ("maximum", 0), ("maximum", 1)) if k in schema
        )
    elif schema.get("type") == "boolean":
        yield from (True, False, "yes", 1)
    elif schema.get("type") == "array":
        yield []
        yield "text"
        if schema.get("maxItems", 10**9) <= 100 and schema["items"].get("type") == "string":
            yield [f"n{i}" for i in range(schema["maxItems"])]
            yield [f"n{i}" for i in range(schema["maxItems"] + 1)]
            yield ["n", "n"]
    elif schema.get("type") == "object":
        yield from ({}, {"noSuchField": 1}, "text")
    yield None


_RACES: Final = (("limits", "pendingTimeoutSeconds"), ("tasks", 0, "timeoutSeconds"))
"""Fields whose smallest values are a race against a busy machine."""


def _by_schema() -> Iterator[tuple[Path, Any]]:
    spec = crds()["taskdistributions"]["spec"] if "taskdistributions" in crds() else _distribution()["spec"]
    schema = spec["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    for path, below in _walk(schema):
        for value in _values(below):
            if path in _RACES and isinstance(value, int) and 0 < value < 60:
                continue
            yield path, value


def _distribution() -> Json:
    return next(crd for crd in crds().values() if crd["spec"]["names"]["kind"] == "TaskDistribution")


# --- from the domain ---------------------------------------------------------------------------------------------------


def _graph(chance: random.Random, most: int = 5) -> list[Json]:
    """Up to ``most`` tasks, each after some of those before it."""
    names = [f"t{i}" for i in range(chance.randint(1, most))]
    return [
        task(
            name,
            *sorted(chance.sample(names[:i], min(i, chance.randint(0, 2)))),
            delay=chance.choice(["50ms", "200ms", "500ms"]),
        )
        for i, name in enumerate(names)
    ]


def _broken(chance: random.Random) -> list[tuple[str, list[Json], list[Edit]]]:
    """Graphs that cannot be, and names and texts that should not."""
    size = chance.randint(2, 12)
    ring = [task(f"t{i}", f"t{(i + 1) % size}") for i in range(size)]
    inner = [task("a"), task("b", "a", "d"), task("c", "b"), task("d", "c"), task("e", "d")]
    chain = [task(f"t{i}", *([f"t{i - 1}"] if i else [])) for i in range(300)]
    odd = chance.choice(ODD_TEXTS)
    return [
        (f"a cycle of {size}", ring, []),
        ("a cycle inside", inner, []),
        ("a self loop", [task("a", "a")], []),
        ("an unknown dependency", [task("a"), task("b", "nobody")], []),
        ("a name twice", [task("a"), task("a")], []),
        ("a dependency twice", [task("a"), task("b", "a", "a")], []),
        (f"the name {odd[:20]!r}", [task(odd), task("b")], []),
        (f"a dependency {odd[:20]!r}", [task("a"), task("b", odd)], []),
        (f"the script {odd[:20]!r}", [task("a", script=odd)], []),
        ("a chain of 300, only planned", chain, [Edit(("planning", "mode"), "PlanOnly")]),
        ("an unknown agent type", [task("a") | {"agentType": "nobody"}], []),
        ("an unknown provider", [task("a")], [Edit(("placement", "providers"), ["nowhere"])]),
        ("an unknown priority class", [task("a")], [Edit(("priorityClassName",), "nobody")]),
        ("an unknown capability", [task("a") | {"agentType": "", "requiredCapabilities": ["flying"]}], []),
        ("an unknown result", [task("a"), task("b", script="echo $(tasks.z.results.x)")], []),
        ("a malformed placeholder", [task("a"), task("b", "a", script="echo $(tasks.a.x)")], []),
        ("a result that is missing", [task("a"), task("b", "a", forEachResult="a.list")], []),
        (
            "a list to fan out",
            [_says(task("a"), '{"results":{"list":["x","y"]}}'), task("b", "a", forEachResult="a.list")],
            [],
        ),
        ("items", [task("a", forEach=[odd, "x", "x", "../y"]), task("b", "a")], []),
        ("no items", [task("a", forEach=[]), task("b", "a")], []),
        ("a report that is no JSON", [_says(task("a"), "{oops"), task("b", "a")], []),
        ("a report with an odd key", [_says(task("a"), '{"results":{"a b":1}}')], []),
        (
            "failure with a handler",
            [_ends(task("a"), "65"), task("b", "a"), task("c", "a", triggerRule="AnyFailed")],
            [],
        ),
        ("a retry that helps", [_ends(task("a"), "1,0"), task("b", "a")], []),
        ("a budget of nothing", [task("a")], [Edit(("limits", "budgetUSD"), "0")]),
        (
            "too large for any node",
            [task("a", resources={"cpu": "1000"})],
            [Edit(("resourcePolicy", "max", "cpu"), "2000")],
        ),
        ("two who write the same", [task("a", script="echo >/shared/x", locks=["x"]), task("b", locks=["x"])], []),
        (f"the text {odd[:20]!r}", [], [Edit(("description",), odd)]),
        ("a long text", [], [Edit(("description",), "Build it, then test it. " * 600)]),
        ("a text that is too long", [], [Edit(("description",), "x" * 16_385)]),
        ("another agent's variable", [task("a") | {"env": [{"name": "TASKDIST_UID", "value": "x"}]}], []),
        ("more than 10,000 tasks", [task(f"t{i}") for i in range(10_001)], []),
    ]


def _says(one: Json, message: str) -> Json:
    return one | {"env": [*one["env"], {"name": "SIMULATED_MESSAGE", "value": message}]}


def _ends(one: Json, codes: str) -> Json:
    return one | {"env": [*one["env"], {"name": "SIMULATED_EXIT_CODE", "value": codes}]}


def _edits(chance: random.Random, tasks: list[Json]) -> list[Edit]:
    """One to three edits such as people make while it runs."""
    index = chance.randrange(len(tasks))
    last = len(tasks) - 1
    possible: list[Callable[[], Edit]] = [
        lambda: Edit(("tasks", index, "script"), f"echo {chance.randrange(9)}"),
        lambda: Edit(("tasks", index, "env"), [{"name": "SIMULATED_DELAY", "value": "100ms"}]),
        lambda: Edit(
            ("tasks", index, "env"), [{"name": "SIMULATED_EXIT_CODE", "value": chance.choice(["1", "65", "137"])}]
        ),
        lambda: Edit(("tasks", index, "resources"), {"cpu": "200m", "memory": "96Mi"}),
        lambda: Edit(("tasks", index, "retry"), {"limit": chance.randrange(3), "backoffSeconds": 0}),
        lambda: Edit(("tasks", index, "locks"), ["l", "m=2"]),
        lambda: Edit(("tasks", index, "timeoutSeconds"), 900),
        lambda: Edit(("tasks", index, "forEach"), ["x", "y", "z"]),
        lambda: Edit(("tasks", index, "dependsOn"), ["t0"] if index else []),
        lambda: Edit(("tasks", index, "triggerRule"), chance.choice(["AllFinished", "AnySucceeded", "AnyFailed"])),
        lambda: Edit(("tasks", index, "name"), "renamed"),
        lambda: Edit(("tasks", index, "cacheKey"), "k"),
        lambda: Edit(("tasks", index, "agentType"), "other"),
        lambda: Edit(("tasks", last), None),
        lambda: Edit(("tasks", last + 1), task("more", f"t{last}")),
        lambda: Edit(("tasks", 0, "dependsOn"), [f"t{last}"]),
        lambda: Edit(("limits", "maxParallel"), 1),
        lambda: Edit(("limits", "deadlineSeconds"), 1),
        lambda: Edit(("limits", "budgetUSD"), chance.choice(["0", "1000", 3])),
        lambda: Edit(("strategy",), chance.choice(["Sequential", "Parallel", "CostOptimized", "Deadline"])),
        lambda: Edit(("planning", "mode"), chance.choice(["PlanOnly", "Manual"])),
        lambda: Edit(("placement", "policy"), chance.choice(["Ordered", "Spread", "Fastest"])),
        lambda: Edit(("failurePolicy",), "ContinueIndependent"),
        lambda: Edit(("conflictPolicy",), chance.choice(["Warn", "Fail"])),
        lambda: Edit(("suspend",), value=True),
        lambda: Edit(("onSuspend",), "Stop"),
        lambda: Edit(("cancel",), value=True),
        lambda: Edit(("planHistoryLimit",), 1),
        lambda: Edit(("priorityClassName",), "system-cluster-critical"),
        lambda: Edit(("resourcePolicy", "oom", "maxAttempts"), 1),
        lambda: Edit(("retry",), {"limit": 0}),
        lambda: Edit(("description",), "words that say what it is for"),
        lambda: Edit(("ttlSecondsAfterFinished",), 86_400),
    ]
    return [one() for one in chance.sample(possible, chance.randint(1, 3))]


# --- all ---------------------------------------------------------------------------------------------------------------


def generate(count: int, seed: int) -> list[Case]:
    """``count`` cases: two fifths from the schema, a fifth from what is broken, the rest edits of graphs while they run."""
    chance = random.Random(seed)
    fields = list(_by_schema())
    chance.shuffle(fields)
    broken = [one for _ in range(1 + count // 150) for one in _broken(chance)]
    chance.shuffle(broken)
    cases: list[Case] = []
    for number in range(count):
        match number % 5:
            case 0 | 2 if fields:
                path, value = fields.pop()
                cases.append(_field_case(number, path, value, chance))
            case 1 if broken:
                cases.append(_broken_case(number, *broken.pop(), chance))
            case _:
                tasks = _graph(chance)
                parts = [
                    *(Part("task", one) for one in tasks),
                    *(Part("after", edit) for edit in _edits(chance, tasks)),
                ]
                cases.append(Case(number, "edit", tuple(parts), early=chance.random() < 0.7))
    return cases


def _field_case(number: int, path: Path, value: Any, chance: random.Random) -> Case:
    """The odd value stands in the first spec or comes with the change."""
    role = chance.choice(["before", "after"])
    parts = [Part("task", task("t0")), Part("task", task("t1", "t0")), Part(role, Edit(path, value))]
    if role == "before":
        parts.append(Part("after", Edit(path, _usual(path))))
    return Case(number, "field", tuple(parts), early=chance.random() < 0.5)


def _usual(path: Path) -> Any:
    spec: Any = _BASE | {"tasks": [task("t0"), task("t1", "t0")]}
    for step in path:
        try:
            spec = spec[step]
        except (KeyError, IndexError, TypeError):
            return None
    return spec


def _broken_case(number: int, family: str, tasks: list[Json], edits: list[Edit], chance: random.Random) -> Case:
    """It is broken from the start and mended by the change, or the other way round."""
    sound = [task("t0"), task("t1", "t0")]
    if chance.random() < 0.5:
        parts = [Part("before", Edit(("tasks",), tasks)), *(Part("before", edit) for edit in edits)]
        parts += [Part("after", Edit(("tasks",), sound)), *(Part("after", Edit(edit.path, None)) for edit in edits)]
    else:
        parts = [*(Part("task", one) for one in sound), Part("after", Edit(("tasks",), tasks))]
        parts += [Part("after", edit) for edit in edits]
    return Case(number, family, tuple(parts), early=chance.random() < 0.3)
