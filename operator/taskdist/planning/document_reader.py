"""Plans read back: from a document that ``taskdist plan --out`` wrote, or from an ExecutionPlan of the cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from taskdist.engine.model import (
    Basis,
    Complexity,
    Dependency,
    EdgeSource,
    Estimate,
    Finding,
    Forecast,
    Insight,
    Parallelism,
    Plan,
    PlannedSubTask,
    Resources,
    Routing,
    ScheduleQuality,
    Severity,
    TriggerRule,
    Wait,
    Work,
)
from taskdist.engine.quantity import parse_cpu_millis, parse_memory_bytes
from taskdist.planning.document import FORMAT_VERSION, Planned

if TYPE_CHECKING:
    from taskdist.api import ExecutionPlan
    from taskdist.api.execution_plan import PlannedSubTask as PlannedEntry
    from taskdist.api.task_distribution import PlanForecast


class DocumentError(ValueError):
    """Not a plan document, or one of another version. The message names the field."""


class _Entry:
    """A mapping of a document with its path, so that what is missing or odd can be named."""

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, Mapping):
            raise DocumentError(f"{path or 'the document'} must be a mapping")
        self._value = value
        self._path = path

    def _get(self, key: str, wanted: type, default: object) -> Any:
        value = self._value.get(key, default)
        if value is None:
            raise DocumentError(f"{self._place(key)}: required field is missing")
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise DocumentError(f"{self._place(key)}: must be {_WORDS[wanted]}")
        return value

    def _place(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def amounts(self) -> tuple[tuple[str, Decimal], ...]:
        return tuple((str(key), self.amount(str(key))) for key in self._value)

    def text(self, key: str, default: str | None = None) -> str:
        return str(self._get(key, str, default))

    def whole(self, key: str, default: int | None = None) -> int:
        return int(self._get(key, int, default))

    def flag(self, key: str) -> bool:
        return bool(self._get(key, bool, default=False))

    def amount(self, key: str, default: str | None = None) -> Decimal:
        text = self.text(key, default)
        try:
            value = Decimal(text[:40])
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite():
            raise DocumentError(f"{self._place(key)}: must be a decimal number in quotes")
        return value

    def entry(self, key: str, *, optional: bool = False) -> _Entry:
        return _Entry(self._get(key, Mapping, {} if optional else None), self._place(key))

    def entries(self, key: str, *, optional: bool = False) -> list[_Entry]:
        items = self._get(key, list, [] if optional else None)
        return [_Entry(item, f"{self._place(key)}[{index}]") for index, item in enumerate(items)]

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(str(item) for item in self._get(key, list, []))

    def choice(self, key: str, kinds: type[Any], default: str | None = None) -> Any:
        text = self.text(key, default)
        try:
            return kinds(text)
        except ValueError:
            raise DocumentError(f'{self._place(key)}: "{text[:40]}" is not known') from None

    def quantity(self, key: str, parse: Callable[[str], int]) -> int:
        try:
            return int(parse(self.text(key)))
        except ValueError as error:
            raise DocumentError(f"{self._place(key)}: {error}") from None


_WORDS: Final = {str: "text", int: "a whole number", bool: "true or false", Mapping: "a mapping", list: "a list"}


def read_document(document: object) -> Planned:
    """Return the plan that a document holds: all but what will be executed (scripts, commands), which it does not keep.

    Raises:
        DocumentError: it is no plan document, or of another version.
    """
    top = _Entry(document, "")
    version = top.text("formatVersion", "")
    if version != FORMAT_VERSION:
        said = f'formatVersion "{version[:20]}"' if version else "no formatVersion"
        raise DocumentError(f'not a plan document: {said}; "{FORMAT_VERSION}" is known here')
    edges: dict[str, list[Dependency]] = {}
    for edge in top.entries("edges"):
        edges.setdefault(edge.text("to"), []).append(
            Dependency(
                edge.text("from"),
                edge.choice("source", EdgeSource),
                edge.text("cue", ""),
                float(edge.amount("confidence")),
            )
        )
    shape, schedule, total = top.entry("parallelism"), top.entry("schedule"), top.entry("estimate")
    plan = Plan(
        subtasks=tuple(_read_subtask(entry, edges) for entry in top.entries("subtasks")),
        parallelism=Parallelism(
            width=shape.whole("width"),
            layers=shape.whole("layers", 0),
            potential=float(shape.amount("parallelizationPotential")),
            speedup=float(shape.amount("speedup")),
            critical_path=shape.texts("criticalPath"),
            critical_path_seconds=shape.whole("criticalPathSeconds", 0),
            work_seconds=shape.whole("workSeconds", 0),
        ),
        estimate=Estimate(
            total.whole("durationSeconds"),
            total.amount("costUSD"),
            total.whole("durationLowSeconds"),
            total.whole("durationHighSeconds"),
            total.amount("costLowUSD"),
            total.amount("costHighUSD"),
            total.choice("basis", Basis, "Prior"),
        ),
        schedule=ScheduleQuality(
            schedule.whole("makespanSeconds"), schedule.whole("lowerBoundSeconds"), schedule.text("method", "")
        ),
        findings=tuple(
            Finding(
                finding.text("code"),
                finding.choice("severity", Severity),
                finding.text("path", ""),
                finding.text("message"),
                finding.text("recommendation", ""),
            )
            for finding in top.entries("warnings")
        ),
        hash=top.text("hash"),
        waits=tuple(
            Wait(
                wait.text("lock"), wait.text("before"), wait.text("after"), wait.whole("seconds"), wait.flag("inferred")
            )
            for wait in top.entries("waits", optional=True)
        ),
        insights=tuple(
            Insight(
                insight.text("code"),
                insight.text("path", ""),
                insight.text("message"),
                insight.text("recommendation", ""),
                insight.amount("savesUSD", "0"),
                insight.whole("savesSeconds", 0),
                insight.whole("savesPods", 0),
                insight.whole("costsSeconds", 0),
            )
            for insight in top.entries("insights", optional=True)
        ),
        conflict_seconds=top.whole("conflictSeconds", 0),
        lock_seconds=top.whole("lockSeconds", 0),
        forecast=_read_forecast(top.entry("forecast", optional=True)),
    )
    return Planned(top.text("name", ""), top.text("namespace", ""), top.text("strategy", ""), plan)


def _read_forecast(entry: _Entry) -> Forecast:
    """A document that an earlier version wrote has none."""
    return Forecast(
        seconds=entry.amount("seconds", "0"),
        work_seconds=entry.amount("workSeconds", "0"),
        start_seconds=entry.amount("startSeconds", "0"),
        hand_over_seconds=entry.amount("handOverSeconds", "0"),
        starts_a_second=entry.amount("startsASecond", "0"),
        basis=entry.choice("basis", Basis, "Prior"),
    )


def _read_subtask(entry: _Entry, edges: Mapping[str, list[Dependency]]) -> PlannedSubTask:
    name = entry.text("id")
    resources, estimate, routing = entry.entry("resources"), entry.entry("estimate"), entry.entry("routing")
    return PlannedSubTask(
        id=name,
        description=entry.text("description", ""),
        agent_type=entry.text("agentType"),
        specialization=entry.text("specialization", ""),
        depends_on=tuple(edges.get(name, ())),
        trigger_rule=entry.choice("triggerRule", TriggerRule, TriggerRule.ALL_SUCCEEDED.value),
        work=Work(),
        complexity=Complexity(
            float(entry.amount("complexity")),
            tuple((part, float(value)) for part, value in entry.entry("complexityParts").amounts()),
        ),
        routing=Routing(
            routing.text("chosen", ""),
            float(routing.amount("score", "0")),
            routing.text("runnerUp", ""),
            float(routing.amount("runnerUpScore", "0")),
            routing.text("reason", ""),
        ),
        resources=Resources(
            resources.quantity("cpu", parse_cpu_millis), resources.quantity("memory", parse_memory_bytes)
        ),
        provider=entry.text("provider", ""),
        estimate=Estimate(
            estimate.whole("seconds"),
            estimate.amount("costUSD"),
            estimate.whole("secondsLow"),
            estimate.whole("secondsHigh"),
            estimate.amount("costLowUSD"),
            estimate.amount("costHighUSD"),
            estimate.choice("basis", Basis, "Prior"),
        ),
        start=entry.whole("start"),
        finish=entry.whole("finish"),
        slack_seconds=entry.whole("slackSeconds", 0),
        critical=entry.flag("critical"),
        priority=entry.whole("priority", 0),
        locks=entry.texts("locks"),
        for_each_result=entry.text("forEachResult", ""),
        item=entry.text("item", ""),
        definition_hash=entry.text("definitionHash", ""),
    )


# --- from the cluster --------------------------------------------------------------------------------------------------


def planned_from(
    execution_plan: ExecutionPlan,
    descriptions: Mapping[str, str] | None = None,
    assignments: Sequence[PlannedEntry] | None = None,
) -> Planned:
    """Return the plan that an ExecutionPlan holds.

    ``descriptions`` of the subtasks, by id, come from the SubTasks: the ExecutionPlan does not keep them. ``assignments``
    are the planned subtasks of a plan too large for one object.
    """
    spec = execution_plan.spec
    entries = spec.subtasks if assignments is None else assignments
    total = spec.estimate
    plan = Plan(
        subtasks=tuple(_from_entry(entry, (descriptions or {}).get(entry.id, "")) for entry in entries),
        parallelism=Parallelism(
            width=spec.parallelism.width,
            potential=float(spec.parallelism.parallelization_potential),
            speedup=float(spec.parallelism.speedup),
            critical_path=spec.parallelism.critical_path,
            work_seconds=sum(entry.estimate.seconds for entry in entries),
        ),
        estimate=Estimate(
            total.duration_seconds,
            Decimal(total.cost_usd),
            total.duration_seconds,
            total.duration_seconds,
            Decimal(total.cost_low_usd),
            Decimal(total.cost_high_usd),
            Basis(total.basis.value),
        ),
        forecast=_forecast_from(total.forecast),
        schedule=ScheduleQuality(
            spec.schedule.makespan_seconds, spec.schedule.lower_bound_seconds, spec.schedule.method
        ),
        findings=tuple(
            Finding(one.code, Severity(one.severity.value), one.path, one.message, one.recommendation)
            for one in spec.warnings
        ),
        hash=spec.hash,
    )
    return Planned(spec.task_distribution, execution_plan.metadata.namespace, spec.strategy.value, plan)


def _forecast_from(told: PlanForecast | None) -> Forecast:
    if told is None:
        return Forecast()
    return Forecast(
        Decimal(told.seconds),
        Decimal(told.work_seconds),
        Decimal(told.start_seconds),
        Decimal(told.hand_over_seconds),
        Decimal(told.starts_a_second),
        Basis(told.basis.value),
    )


def _from_entry(entry: PlannedEntry, description: str) -> PlannedSubTask:
    estimate = entry.estimate
    return PlannedSubTask(
        id=entry.id,
        description=description,
        agent_type=entry.agent_type,
        specialization="",
        depends_on=tuple(
            Dependency(edge.name, EdgeSource(edge.source.value), edge.cue, float(edge.confidence))
            for edge in entry.depends_on
        ),
        trigger_rule=TriggerRule.ALL_SUCCEEDED,
        work=Work(),
        complexity=Complexity(float(entry.complexity)),
        routing=Routing(entry.agent_type, 0.0),
        resources=Resources(parse_cpu_millis(entry.resources.cpu), parse_memory_bytes(entry.resources.memory)),
        provider=entry.provider,
        estimate=Estimate(
            estimate.seconds,
            Decimal(estimate.cost_usd),
            estimate.seconds,
            estimate.seconds,
            Decimal(estimate.cost_low_usd),
            Decimal(estimate.cost_high_usd),
        ),
        start=entry.start,
        finish=entry.finish,
        slack_seconds=entry.slack_seconds,
        critical=entry.critical,
        priority=0,
    )
