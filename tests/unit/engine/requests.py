"""Builders of planning requests: defaults for everything, so that a test shows only what matters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from taskdist.engine import plan
from taskdist.engine.model import (
    AgentTypeSpec,
    Limits,
    PlanRequest,
    ProviderSpec,
    ResourceRequest,
    Resources,
    TaskSpec,
    TriggerRule,
    Work,
)
from taskdist.engine.quantity import parse_cpu_millis, parse_memory_bytes

if TYPE_CHECKING:
    from taskdist.engine.model import Finding, Plan, PlannedSubTask

MIB, GIB = 1024**2, 1024**3


@dataclass(frozen=True)
class T:
    """A task under construction: ``task("deploy").after("validate").cpu("500m")``."""

    spec: TaskSpec

    def after(self, *names: str) -> T:
        return self.having(depends_on=(*self.spec.depends_on, *names))

    def doing(self, description: str) -> T:
        return self.having(description=description)

    def running(self, script: str) -> T:
        return self.having(work=replace(self.spec.work, script=script))

    def by(self, agent_type: str) -> T:
        return self.having(agent_type=agent_type)

    def cpu(self, text: str) -> T:
        return self.having(resources=replace(self.spec.resources, cpu_millis=parse_cpu_millis(text)))

    def memory(self, text: str) -> T:
        return self.having(resources=replace(self.spec.resources, memory_bytes=parse_memory_bytes(text)))

    def each(self, *items: str) -> T:
        return self.having(for_each=items)

    def locking(self, *names: str) -> T:
        return self.having(locks=names)

    def when(self, rule: TriggerRule) -> T:
        return self.having(trigger_rule=rule)

    def having(self, **fields: Any) -> T:
        return T(replace(self.spec, **fields))


def task(name: str) -> T:
    """A task of middle complexity that runs a script on the plain agent type."""
    return T(TaskSpec(name, agent_type="plain", complexity=0.5, work=Work(script="true"), resources=ResourceRequest()))


PLAIN = AgentTypeSpec("plain", "plain", base_seconds=100)
TALKER = AgentTypeSpec("talker", "talker", runs_text=True)


def request(*tasks: T, **fields: Any) -> PlanRequest:
    """A request of these tasks; a field given here replaces the default."""
    limits = {name: fields.pop(name) for name in tuple(fields) if name in Limits.__slots__}
    return PlanRequest(
        **{
            "name": "release",
            "tasks": tuple(t.spec for t in tasks),
            "agent_types": (PLAIN, TALKER),
            "limits": Limits(**limits),
            **fields,
        }
    )


def planned(*tasks: T, **fields: Any) -> Plan:
    """The plan of such a request."""
    return plan(request(*tasks, **fields))


def subtask(of: Plan, name: str) -> PlannedSubTask:
    return next(s for s in of.subtasks if s.id == name)


def codes(of: Plan) -> list[str]:
    return [f.code for f in of.findings]


def finding(of: Plan, code: str) -> Finding:
    """The one finding of that code."""
    (found,) = [f for f in of.findings if f.code == code]
    return found


def provider(name: str, cpu: str = "0.04", memory: str = "0.004", **fields: Any) -> ProviderSpec:
    return ProviderSpec(name, cpu_hour_usd=Decimal(cpu), memory_gib_hour_usd=Decimal(memory), **fields)


def room(cpu: str, memory: str) -> Resources:
    return Resources(parse_cpu_millis(cpu), parse_memory_bytes(memory))
