"""What is fuzzed: each target makes an input out of bytes, hands it to one reader of untrusted text, and says what must hold.

A reader may refuse in the way it documents. It may not raise anything else, and what it accepts must be what its neighbours
can use: whatever the API server's schema takes the planner reads, whatever the planner calls a reference the agent fills in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from graphlib import TopologicalSorter
from itertools import pairwise

from pydantic import TypeAdapter, ValidationError
from tests.fuzz.source import Source

from taskdist import engine
from taskdist.agent.contract import Task
from taskdist.agent.placeholders import (
    MissingResultError,
    PlaceholderError,
    Results,
    fill,
    fill_arguments,
    fill_shell,
    literal,
)
from taskdist.api.scalars import CpuQuantity, DecimalInput, MemoryQuantity
from taskdist.engine.model import TaskSpec, Work
from taskdist.engine.quantity import MOST, format_cpu, format_memory, parse_cpu_millis, parse_memory_bytes
from taskdist.engine.references import references
from taskdist.engine.text import split
from taskdist.planning.cel import compile_rule
from taskdist.planning.document import plan_document
from taskdist.planning.manifest import read
from taskdist.planning.request import InvalidRequest, plan_request
from taskdist.planning.shipped import manifests
from taskdist.reconcile.outcome import clean, read_report

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")

# --- the splitter ----------------------------------------------------------------------------------------------------

WORDS = (
    *re.findall(
        r"\w+", "analyze the logs optimize slow queries deploy it validate result integrate fix build test report"
    ),
    *re.findall(
        r"\w+", "then and or after before once while if when unless finally first second meanwhile both each them"
    ),
    *(
        ". ",
        ", ",
        "; ",
        ": ",
        " - ",
        "\n",
        "\n\n",
        "\n- ",
        "\n1. ",
        "\n  2) ",
        "\n# ",
        "| ",
        "`x`",
        "```",
        '"',
        "(",
        ")",
    ),
    *("[after: a]", "$(tasks.a.results.x)", "--", "…", "é", "ﬁ", "İ", "\u202e", "\u0301", "\t", "\r\n", "🙂", "don't "),
    *("in parallel ", "for each region ", "as soon as ", "not ", "except ", "a.b.c ", "https://x.y/z ", "v1.2 ", "#3 "),
)


def splitter(source: Source) -> None:
    """A description becomes tasks with good ids, edges between them that run one way, and the same ones again."""
    text = source.text([f"{w} " if w[-1:].isalpha() else w for w in WORDS], 3_000)
    found = split(text)
    ids = [task.id for task in found.tasks]
    assert len(set(ids)) == len(ids), f"twice the same id: {ids}"
    for task in found.tasks:
        assert LABEL.fullmatch(task.id), task.id
        begin, end = task.span
        assert 0 <= begin < end <= len(text), task
        assert task.description.strip(), task
        task.description.encode()
    for edge in found.edges:
        assert edge.before in ids, edge
        assert edge.after in ids, edge
        assert edge.before != edge.after, edge
        assert 0 <= edge.confidence <= 1, edge
    after: dict[str, set[str]] = {}
    for edge in found.edges:
        if edge.confidence >= 0.5:
            after.setdefault(edge.after, set()).add(edge.before)
    TopologicalSorter(after).prepare()  # raises on a cycle
    assert split(text) == found


# --- quantities and money --------------------------------------------------------------------------------------------

DIGITS = (*"0123456789", "00", "999999999999", ".", "-", "+", "e", "E", "1e3", "_", " ", "٣", "NaN", "inf", "\n", "")
SUFFIXES = ("", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "mi", "K", "B")
CPU: TypeAdapter[str] = TypeAdapter(CpuQuantity)
MEMORY: TypeAdapter[str] = TypeAdapter(MemoryQuantity)
MONEY: TypeAdapter[str] = TypeAdapter(DecimalInput)


def quantities(source: Source) -> None:
    """A quantity is read exactly or refused with words; what the schema takes is read; what is written is read back."""
    text = source.text(DIGITS + SUFFIXES, 80)
    for parse, written, schema in ((parse_cpu_millis, format_cpu, CPU), (parse_memory_bytes, format_memory, MEMORY)):
        try:
            amount = parse(text)
        except ValueError as error:
            assert str(error).startswith('"'), error
            assert not _valid(schema, text), f"the schema takes {text!r}: {error}"
        else:
            assert 0 <= amount <= MOST
            assert parse(written(amount)) == amount
    if _valid(MONEY, text):
        assert Decimal(text).is_finite()
        assert Decimal(text) >= 0


def _valid(schema: TypeAdapter[str], text: str) -> bool:
    """Whether the API server takes it: by its pattern and by its CEL rules."""
    try:
        schema.validate_python(text)
    except ValidationError:
        return False
    return all(compile_rule(rule["rule"])(text) for rule in schema.json_schema()["x-kubernetes-validations"])


# --- manifests -------------------------------------------------------------------------------------------------------

YAML = (
    *("apiVersion: taskdist.dev/v1alpha1\n", "kind: TaskDistribution\n", "metadata: {name: x}\n", "spec:\n", "---\n"),
    *("  description: build it, then test it\n", "  tasks:\n", "  - name: a\n", "  - {name: b, dependsOn: [a]}\n"),
    *(
        "    script: echo\n",
        "    dependsOn: [b]\n",
        "    forEach: [x, y]\n",
        "    forEachResult: a.list\n",
        "    locks: [l=2]\n",
    ),
    *(
        "    resources: {cpu: 1, memory: 1Gi}\n",
        "    retry: {limit: 1}\n",
        "    timeoutSeconds: 5\n",
        "    env: [{name: X, value: y}]\n",
    ),
    *(
        "  limits: {maxParallel: 2, budgetUSD: 1, deadlineSeconds: 9}\n",
        "  strategy: Deadline\n",
        "  conflictPolicy: Fail\n",
    ),
    *(
        "  placement: {policy: Spread}\n",
        "  resourcePolicy: {min: {cpu: 2}, max: {cpu: 1}}\n",
        "    agentType: testing\n",
    ),
    *(
        "\n",
        " ",
        "  ",
        ": ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ",",
        '"',
        "'",
        "|",
        ">",
        "&a ",
        "*a",
        "!!int ",
        "? ",
        "#",
        "%",
        "<<: ",
    ),
    *(
        "null",
        "true",
        "1",
        "1e3",
        "0x1f",
        "0b1",
        ".nan",
        "2026-01-01",
        "~",
        "\t",
        "\x00",
        "\ufeff",
        "\x85",
        "\u2028",
        "no",
    ),
)
HEAD = "apiVersion: taskdist.dev/v1alpha1\nkind: TaskDistribution\nmetadata: {name: x}\nspec:\n"
AGENT_TYPES = manifests()


def manifest(source: Source) -> None:
    """A file is read with every mistake in its place; what has none is planned, or refused with findings that have a path."""
    text = (HEAD if source.byte() % 4 else "") + source.text(YAML, 1_500)
    found = read([("file", text)])
    lines = len(re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text))
    for mistake in found.mistakes:
        assert 1 <= mistake.mark.line <= lines + 1, mistake
        assert mistake.mark.column >= 1, mistake
        assert mistake.message, mistake
    for loaded in found.distributions:
        if not loaded.whole:
            continue
        type(loaded.value).model_validate(loaded.value.wire())
        try:
            request = plan_request(loaded.value, AGENT_TYPES)
        except InvalidRequest as invalid:
            assert all(finding.path for finding in invalid.findings), invalid
            continue
        plan = engine.plan(request)
        assert plan.valid or plan.findings
        ids = [subtask.id for subtask in plan.subtasks]
        assert len(set(ids)) == len(ids)
        assert all(LABEL.fullmatch(id_) for id_ in ids), ids
        assert all(edge.name in ids for subtask in plan.subtasks for edge in subtask.depends_on)
        json.dumps(plan_document(plan, request), allow_nan=False).encode()


# --- what agents hand back -------------------------------------------------------------------------------------------

REPORT = (
    *(
        '{"results":',
        '{"usage":',
        '{"artifacts":[',
        '"costUSD":',
        '"tokens":',
        '"peakMemoryBytes":',
        '"error":',
        '"reason":',
    ),
    *(
        '"name":',
        '"uri":',
        '"x":',
        '"a-b":',
        '"a.b":',
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        '"',
        "\\ud800",
        "\\u0000",
        "\\n",
        "\x1b[2J",
    ),
    *(
        "1",
        "-1",
        "1e999",
        "NaN",
        "Infinity",
        "-0",
        "1.5",
        "9" * 30,
        "1e-400",
        "true",
        "null",
        '"OOMKilled"',
        '"y"',
        "é",
        "\u202e",
    ),
)


def results(source: Source) -> None:
    """A termination message is believed within bounds, and what is kept of it can be written as UTF-8."""
    report, problem = read_report(source.text(REPORT, 6_000))
    assert not (problem and report.results)
    assert sum(len(key) + len(value.encode()) for key, value in report.results) <= 4096
    assert len(report.results) <= 64
    assert len(report.artifacts) <= 20
    assert all(name and len(name) <= 253 and len(uri) <= 2048 for name, uri in report.artifacts)
    assert report.cost_usd.is_finite()
    assert 0 <= report.cost_usd <= 10**9
    assert 0 <= report.tokens <= 2**53
    assert report.peak_memory_bytes is None or 0 <= report.peak_memory_bytes <= 2**60
    assert report.error == clean(report.error)
    json.dumps([report.results, report.artifacts, report.error, problem], ensure_ascii=False).encode()


# --- substitution ----------------------------------------------------------------------------------------------------

TEMPLATE = (
    *(
        "$(tasks.a.results.x)",
        "$$(tasks.a.results.x)",
        "$(item)",
        "$$(item)",
        "$(tasks.b.results.list)",
        "$(tasks.a.results.o.k)",
    ),
    *(
        "$(tasks.",
        "$(",
        "$$",
        "$",
        "(",
        ")",
        "tasks.",
        "a.",
        "results.",
        "x",
        "o.k.0",
        "item)",
        "..",
        "-",
        "\u0131",
        "\u0660",
    ),
    *(
        " ",
        "\n",
        '"',
        "'",
        "`",
        "\\",
        ";",
        "#",
        "&&",
        "|",
        "<<EOF\n",
        "EOF\n",
        "${x}",
        "echo ",
        "é",
        "sh",
        "-c",
        "\x0b",
        "\u2028",
    ),
)
PROGRAMS = (("/bin/sh", "-c", "x"), ("python3", "-c"), ("env",), ("awk",), ("/bin/true", "-x"), ())


def substitution(source: Source) -> None:
    """Results are put in once, verbatim and never as code; the planner and the agent agree on what a reference is."""
    program, values = source.pick(PROGRAMS), (source.raw(40), source.raw(40))
    template = source.text(TEMPLATE, 400)
    usable = [value for value in values if not re.search("[\0\ud800-\udfff]", value)]
    tasks = [_task(template, value) for value in usable or [""]]
    filled = [_filled(template, task) for task in tasks]
    shells = [_shell(template, task) for task in tasks]
    if not re.search(r"\$\((tasks\.|item\))", template):
        assert all(text == template for text in filled), "what holds no placeholder stays as it is"
    for one, two in pairwise(shells):
        assert one[:1] == two[:1], "the script must not depend on what a result says"
    for task in tasks:
        for refuse in (lambda t=task: fill_arguments(t, Results(t), program), lambda: literal(template, "python")):
            try:
                refuse()
            except (MissingResultError, PlaceholderError) as error:
                assert str(error)
    malformed = any(not r.task for r in references(TaskSpec("t", work=Work(script=template)), "spec.tasks[0]"))
    try:
        fill(template, Results(tasks[0]), "script")
        assert not malformed, "the planner refuses what the agent takes"
    except MissingResultError:
        pass
    except PlaceholderError as error:
        assert malformed or "surrogate" in str(error), f"the agent refuses what the planner takes: {error}"


def _task(template: str, value: str) -> Task:
    given = {"x": value, "o": json.dumps({"k": [value]}), "list": value}
    return Task(
        "d", "t", "u", 1, args=(template,), item=value, inputs=(("a", given), ("b-0", given)), groups=(("b", ("b-0",)),)
    )


def _filled(template: str, task: Task) -> str | None:
    try:
        return fill(template, Results(task), "args[0]")
    except (MissingResultError, PlaceholderError):
        return None


def _shell(template: str, task: Task) -> tuple[str, dict[str, str]] | tuple[()]:
    try:
        script, variables = fill_shell(template, Results(task))
    except (MissingResultError, PlaceholderError):
        return ()
    assert all(re.fullmatch(r"[A-Z_][A-Z0-9_]*", name) for name in variables), variables
    return script, variables


TARGETS: dict[str, Callable[[Source], None]] = {
    target.__name__: target for target in (splitter, quantities, manifest, results, substitution)
}
