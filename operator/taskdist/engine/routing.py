"""Which agent type does a task: keywords of capabilities found in its words, weighed by where they stand.

The verb says most about who is needed, the thing that it works on next, everything else little: of each place the best
keyword of an agent type counts, and they are added. What a telling verb works on counts less for those for whom the verb does
not speak. All agent types are ranked; ties go by name. ``text.keywords`` has the forms of keywords.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from taskdist.engine.model import Routing
from taskdist.engine.text.keywords import table
from taskdist.engine.text.topic import Place, topic

if TYPE_CHECKING:
    from taskdist.engine.model import AgentTypeSpec, TaskSpec

GENERAL: Final = "general"
UNKNOWN_WORK_SCORE: Final = 0.0
"""A routing to ``general`` with at most this score means that nothing matched: the rule ``UnknownWork`` tells."""
HALF: Final = 4.0
"""Evidence at which the score is one half; score = evidence / (evidence + HALF), so it never reaches 1."""
WEIGHT: Final = {Place.VERB: 1.0, Place.HEAD: 1.0, Place.BESIDE: 0.7, Place.ELSEWHERE: 0.35}
"""What the best keyword of a place counts: the verb, the thing it works on, words beside that thing, anything else."""
DECISIVE: Final = 4.0
"""Weight of a verb from which on it is fully telling."""
OVERRULED: Final = 0.5
"""What the other words of an agent type lose, if a telling verb speaks for another."""


@dataclass(frozen=True, slots=True)
class _Ranked:
    name: str
    evidence: float
    words: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        return round(self.evidence / (self.evidence + HALF), 4)


def route(description: str, task: TaskSpec | None, agent_types: tuple[AgentTypeSpec, ...]) -> Routing:
    """Choose the agent type of a task and say why.

    An explicit ``agentType`` wins with score 1, whether it exists or not (rules tell). ``requiredCapabilities`` leave only
    the agent types that have most of them. Without any match ``general`` gets it with score 0, or the first by name where
    there is none.
    """
    allowed = agent_types if all(a.allowed for a in agent_types) else tuple(a for a in agent_types if a.allowed)
    ranked = _rank(description or (task.name.replace("-", " ") if task else ""), allowed)
    if task is not None and task.agent_type is not None:
        return _named(task.agent_type, ranked, agent_types)
    if task is not None and task.required_capabilities:
        return _by_capability(task.required_capabilities, ranked, allowed)
    return _best(ranked, allowed)


def _named(name: str, ranked: list[_Ranked], agent_types: tuple[AgentTypeSpec, ...]) -> Routing:
    others = [r for r in ranked if r.name != name]
    reason = "named by agentType"
    names = [a.name for a in agent_types]
    if name not in names:
        near = difflib.get_close_matches(name, names, 1)
        reason += f', but there is no agent type "{name}"' + (f'; did you mean "{near[0]}"?' if near else "")
    if others:
        return Routing(name, 1.0, others[0].name, others[0].score, reason)
    return Routing(name, 1.0, reason=reason)


def _by_capability(required: tuple[str, ...], ranked: list[_Ranked], allowed: tuple[AgentTypeSpec, ...]) -> Routing:
    wanted = {name.lower() for name in required}
    held = {a.name: wanted & ({c.name.lower() for c in a.capabilities} | {a.specialization.lower()}) for a in allowed}
    evidence = {r.name: r.evidence for r in ranked}
    order = sorted((name for name in held if held[name]), key=lambda n: (-len(held[n]), -evidence.get(n, 0.0), n))
    if not order:
        best = _best(ranked, allowed)
        reason = f"no agent type has {', '.join(required)}"
        return Routing(best.chosen, UNKNOWN_WORK_SCORE, best.runner_up, best.runner_up_score, reason)
    chosen = held[order[0]]
    reason = f"has {', '.join(sorted(chosen))} of the required capabilities"
    if wanted - chosen:
        reason += f"; lacks {', '.join(sorted(wanted - chosen))}"
    second = order[1] if len(order) > 1 else ""
    second_score = round(len(held[second]) / len(wanted), 4) if second else 0.0
    return Routing(order[0], round(len(chosen) / len(wanted), 4), second, second_score, reason)


def _best(ranked: list[_Ranked], allowed: tuple[AgentTypeSpec, ...]) -> Routing:
    if not ranked:
        names = [a.name for a in allowed]
        chosen = GENERAL if GENERAL in names else min(names, default="")
        return Routing(chosen, UNKNOWN_WORK_SCORE, reason="no agent type has a keyword for this work")
    first = ranked[0]
    reason = "matches " + ", ".join(f'"{word}"' for word in first.words)
    if len(ranked) > 1:
        return Routing(first.name, first.score, ranked[1].name, ranked[1].score, reason)
    return Routing(first.name, first.score, reason=reason)


# --- evidence ------------------------------------------------------------------------------------------------------


def _rank(description: str, agent_types: tuple[AgentTypeSpec, ...]) -> list[_Ranked]:
    """The agent types that have any keyword of the description, the best first."""
    found: dict[int, dict[Place, tuple[float, str]]] = {}
    for hit in table(agent_types).hits(topic(description)):
        best = found.setdefault(hit.owner, {})
        if best.get(hit.place, _NOTHING)[0] < hit.weight:
            best[hit.place] = (hit.weight, hit.keyword)
    decided = max((best.get(Place.VERB, _NOTHING)[0] for best in found.values()), default=0.0)
    ranked = [_evidence(agent_types[owner].name, best, decided) for owner, best in found.items()]
    return sorted(ranked, key=lambda r: (-r.evidence, r.name))


_NOTHING: Final = (0.0, "")


def _evidence(name: str, best: dict[Place, tuple[float, str]], decided: float) -> _Ranked:
    """What speaks for an agent type; ``decided`` is how much the verb speaks for whom it speaks for most."""
    verb = best.get(Place.VERB, _NOTHING)[0]
    # What a telling verb works on says little about who does it: to label images is no work on images.
    share = 1.0 - OVERRULED * min(1.0, max(0.0, decided - verb) / DECISIVE)
    counted = sorted(
        (
            (weight * WEIGHT[place] * (1.0 if place is Place.VERB else share), keyword)
            for place, (weight, keyword) in best.items()
        ),
        reverse=True,
    )
    seen: dict[str, float] = {}
    for value, keyword in counted:  # a keyword of several words counts at its best place only
        seen.setdefault(keyword, value)
    return _Ranked(name, round(sum(seen.values()), 6), tuple(seen)[:3])
