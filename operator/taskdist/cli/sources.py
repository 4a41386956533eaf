"""From files to plans: read manifests, find every mistake with its place, and plan what is left.

Without a cluster the ten shipped agent types are used; agent types and providers in the files are added, and replace
those of the same name.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from taskdist.cli.output import fail, note
from taskdist.engine.model import ClusterFacts, Finding, Plan, PlanRequest, Severity
from taskdist.planning.manifest import Loaded, Manifests, Mark, Mistake, in_namespace, read

if TYPE_CHECKING:
    from taskdist.api import AgentType, Provider, TaskDistribution
    from taskdist.engine.model import AgentTypeSpec
    from taskdist.planning.document import Planned

_LONGEST: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a plan depends on beside its own manifest. ``cluster_known`` is False without a cluster.

    ``priorities`` are the values of the PriorityClasses by name.
    """

    agent_types: Sequence[AgentType | AgentTypeSpec]
    providers: Sequence[Provider] = ()
    facts: ClusterFacts = field(default_factory=ClusterFacts)
    cluster_known: bool = False
    namespace: str = ""
    namespace_labels: dict[str, str] | None = None
    priorities: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding of the planner and where its field is written."""

    finding: Finding
    mark: Mark


@dataclass(frozen=True, slots=True)
class Drawn:
    """One distribution with its plan; ``plan`` is None if mistakes keep it from being planned."""

    loaded: Loaded[TaskDistribution]
    plan: Plan | None
    request: PlanRequest | None
    findings: tuple[Placed, ...]

    @property
    def planned(self) -> Planned:
        """The plan with its names, for the views."""
        from taskdist.planning.document import Planned

        if self.plan is None or self.request is None:
            raise ValueError("there is no plan")
        return Planned(self.request.name, self.request.namespace, self.request.strategy.value, self.plan)


def read_files(files: Sequence[str]) -> Manifests:
    """Read the manifests of the files named with ``-f``: ``-`` is standard input, a folder means the manifests in it."""
    if not files:
        fail("no manifest given; use -f FILE, or -f - for standard input")
    names = [name for given in files for name in _files_in(given)]
    return read((_source_name(name), _text(name)) for name in dict.fromkeys(names))


def _files_in(name: str) -> list[str]:
    if name == "-" or not Path(name).is_dir():
        return [name]
    found = [str(path) for path in sorted(Path(name).iterdir()) if path.suffix in {".yaml", ".yml", ".json"}]
    return found or fail(f"no manifest in {name}: none of its files ends with .yaml, .yml or .json")


def _source_name(name: str) -> str:
    return "<stdin>" if name == "-" else name


def _text(name: str) -> str:
    try:
        with sys.stdin.buffer if name == "-" else Path(name).open("rb") as stream:
            raw = stream.read(_LONGEST + 1)
    except OSError as error:
        fail(f"cannot read {name}: {error.strerror or error}")
    if len(raw) > _LONGEST:
        fail(f"{_source_name(name)} is larger than {_LONGEST // 1024**2} MiB, far beyond what an API server takes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        fail(f"{_source_name(name)}:{line}: not UTF-8 text (byte 0x{raw[error.start]:02x})")


def shipped() -> Surroundings:
    """Return the surroundings without a cluster: the ten agent types that ship with the program."""
    from taskdist.planning.shipped import agent_types

    return Surroundings(agent_types())


def with_own(manifests: Manifests, around: Surroundings) -> Surroundings:
    """Return the surroundings with the agent types and providers that the files bring."""
    own_types = {one.value.metadata.name: one.value for one in manifests.agent_types}
    own_providers = {one.value.metadata.name: one.value for one in manifests.providers}
    return replace(
        around,
        agent_types=[t for t in around.agent_types if _name(t) not in own_types] + list(own_types.values()),
        providers=[p for p in around.providers if p.metadata.name not in own_providers] + list(own_providers.values()),
    )


def _name(agent_type: Any) -> str:
    metadata = getattr(agent_type, "metadata", None)
    return str(metadata.name if metadata is not None else agent_type.name)


def draw_plans(
    manifests: Manifests, around: Surroundings, namespace: str = "", *, solver_work: float = 0.0
) -> list[Drawn]:
    """Plan each distribution. A field that is wrong is left out, so that the planner's findings come beside that mistake."""
    around = with_own(manifests, around)
    return [
        _draw(in_namespace(loaded, namespace or around.namespace), around, solver_work)
        for loaded in manifests.distributions
    ]


def _draw(loaded: Loaded[TaskDistribution], around: Surroundings, solver_work: float) -> Drawn:
    from taskdist import engine
    from taskdist.planning.request import InvalidRequest, plan_request

    try:
        request = plan_request(
            loaded.value,
            around.agent_types,
            around.providers,
            _facts_beside(loaded.value.metadata.name, around.facts),
            namespace_labels=around.namespace_labels,
            priority=around.priorities.get(loaded.value.spec.priority_class_name, 0),
        )
    except InvalidRequest as error:
        return Drawn(loaded, None, None, _placed(loaded, error.findings))
    if solver_work:
        request = replace(request, solver_work=solver_work)
    if not around.cluster_known:
        # Nothing can run from here, and the cluster's agent types may have a model, which those shipped have not.
        request = replace(request, plan_only=True)
    plan = engine.plan(request)
    return Drawn(loaded, plan, request, _placed(loaded, plan.findings))


def _facts_beside(name: str, facts: ClusterFacts) -> ClusterFacts:
    """Return the facts for one distribution: it does not stand in its own way."""
    return replace(facts, running=tuple(one for one in facts.running if one.name != name)) if facts.running else facts


def _placed(loaded: Loaded[TaskDistribution], findings: Sequence[Finding]) -> tuple[Placed, ...]:
    return tuple(Placed(finding, loaded.document.mark(finding.path)) for finding in findings)


def mistakes(manifests: Manifests, drawn: Sequence[Drawn]) -> list[Mistake]:
    """Return all that must be changed, in the order of the files: what was wrong in the text, and what the planner found.

    What the planner says about a field that is wrong already is left out: it planned without that field.
    """
    found = list(manifests.mistakes)
    known = {(mistake.mark.source, mistake.mark.line, mistake.path) for mistake in found}
    for one in drawn:
        for placed in one.findings:
            finding, mark = placed.finding, placed.mark
            if finding.severity is Severity.ERROR and (mark.source, mark.line, finding.path) not in known:
                if not one.loaded.whole and _consequence(finding):
                    continue
                guessed = not finding.recommendation or "did you mean" in finding.message
                advice = "" if guessed else f"; {finding.recommendation}"
                found.append(Mistake(mark, finding.path, finding.message + advice))
    order = list(dict.fromkeys(mistake.mark.source for mistake in found))
    return sorted(found, key=lambda m: (order.index(m.mark.source), m.mark.line, m.mark.column))


def _consequence(finding: Finding) -> bool:
    """True for what may be said only because a wrong field was left out: there seems to be nothing to do."""
    return finding.code in {"NothingToDo", "AgentNotConfigured"}


def tell_notes(manifests: Manifests) -> None:
    """Print what was passed over."""
    for one in manifests.notes:
        note(f"{one}")


def nothing_found(manifests: Manifests, files: Sequence[str]) -> str:
    """Say that there is no TaskDistribution, where there is none and no mistake explains it."""
    kinds = [f"{len(manifests.agent_types)} AgentType", f"{len(manifests.providers)} Provider"]
    beside = ", ".join(kind for kind in kinds if not kind.startswith("0"))
    return f"no TaskDistribution in {', '.join(map(_source_name, files))}" + (f", only {beside}" if beside else "")
