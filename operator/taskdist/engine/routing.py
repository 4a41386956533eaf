"""Which agent type does a task: keywords of capabilities found in its words, weighed by where they stand.

The verb says most about who is needed, the thing that it works on next, everything else little: of each place the best
keyword counts. A keyword that begins with "to" is a verb ("to ship") and nothing else, any other most of all a thing; one
of several words hides its parts. All agent types are ranked; ties go by name.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from taskdist.engine.model import Routing
from taskdist.engine.text.inflect import base_form
from taskdist.engine.text.tokens import tokenize
from taskdist.engine.text.topic import Place, Topic, topic

if TYPE_CHECKING:
    from taskdist.engine.model import AgentTypeSpec, Capability, TaskSpec

GENERAL: Final = "general"
UNKNOWN_WORK_SCORE: Final = 0.0
"""A routing to ``general`` with at most this score means that nothing matched: the rule ``UnknownWork`` tells."""
HALF: Final = 4.0
"""Evidence at which the score is one half; score = evidence / (evidence + HALF), so it never reaches 1."""
WEIGHT: Final = {Place.VERB: 1.0, Place.HEAD: 1.0, Place.BESIDE: 0.7, Place.ELSEWHERE: 0.35}
"""What the best keyword of a place counts: the verb, the thing it works on, words beside that thing, anything else."""
UNSURE: Final = 0.5
"""Factor of a keyword that does not say whether it is a verb, where it is one in the description."""
_GAP: Final = 2
"""Words that may stand inside a verb of several words: "take a logical dump"."""


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
    allowed = tuple(a for a in agent_types if a.allowed)
    ranked = _rank(description or (task.name.replace("-", " ") if task else ""), allowed)
    if task is not None and task.agent_type is not None:
        return _named(task.agent_type, ranked, agent_types)
    if task is not None and task.required_capabilities:
        return _by_capability(task.required_capabilities, ranked, allowed)
    return _best(ranked)


def _named(name: str, ranked: list[_Ranked], agent_types: tuple[AgentTypeSpec, ...]) -> Routing:
    others = [r for r in ranked if r.name != name and r.evidence > 0]
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
    order = sorted((r for r in ranked if held[r.name]), key=lambda r: (-len(held[r.name]), -r.evidence, r.name))
    if not order:
        best = _best(ranked)
        reason = f"no agent type has {', '.join(required)}"
        return Routing(best.chosen, UNKNOWN_WORK_SCORE, best.runner_up, best.runner_up_score, reason)
    chosen = held[order[0].name]
    reason = f"has {', '.join(sorted(chosen))} of the required capabilities"
    if wanted - chosen:
        reason += f"; lacks {', '.join(sorted(wanted - chosen))}"
    second = order[1] if len(order) > 1 else None
    return Routing(
        order[0].name,
        round(len(chosen) / len(wanted), 4),
        second.name if second else "",
        round(len(held[second.name]) / len(wanted), 4) if second else 0.0,
        reason,
    )


def _best(ranked: list[_Ranked]) -> Routing:
    matching = [r for r in ranked if r.evidence > 0]
    if not matching:
        names = [r.name for r in ranked]
        chosen = GENERAL if GENERAL in names else min(names, default="")
        return Routing(chosen, UNKNOWN_WORK_SCORE, reason="no agent type has a keyword for this work")
    first = matching[0]
    reason = "matches " + ", ".join(f'"{word}"' for word in first.words)
    if len(matching) > 1:
        return Routing(first.name, first.score, matching[1].name, matching[1].score, reason)
    return Routing(first.name, first.score, reason=reason)


# --- evidence ------------------------------------------------------------------------------------------------------


def _rank(description: str, agent_types: tuple[AgentTypeSpec, ...]) -> list[_Ranked]:
    about = topic(description)
    found = [_evidence(about, agent_type) for agent_type in agent_types]
    return sorted(found, key=lambda r: (-r.evidence, r.name))


def _evidence(about: Topic, agent_type: AgentTypeSpec) -> _Ranked:
    index = _index(agent_type.capabilities)
    best: dict[Place, tuple[float, str]] = {}
    words, i = about.words, 0
    while i < len(words):
        length, weight, keyword = index.longest(words, about.is_verb, i)
        for k in range(i, i + length):
            place = about.places[k]
            if best.get(place, (0.0, ""))[0] < weight:
                best[place] = (weight, keyword)
        i += max(length, 1)
    counted = sorted(((weight * WEIGHT[place], keyword) for place, (weight, keyword) in best.items()), reverse=True)
    return _Ranked(agent_type.name, round(_once(counted), 6), tuple(dict.fromkeys(word for _, word in counted))[:3])


def _once(counted: list[tuple[float, str]]) -> float:
    """Sum of the evidence, a keyword of several words counted at its best place only."""
    seen: set[str] = set()
    total = 0.0
    for value, keyword in counted:
        if keyword not in seen:
            seen.add(keyword)
            total += value
    return total


@dataclass(frozen=True, slots=True)
class _Keywords:
    """Keywords by their first word: (words, is a verb, weight, as written), longest first."""

    rows: dict[str, list[tuple[tuple[str, ...], bool, float, str]]]

    def longest(self, words: tuple[str, ...], is_verb: tuple[bool, ...], i: int) -> tuple[int, float, str]:
        """The longest keyword at ``i``: how many words it takes, its weight, the keyword; (0, 0, "") if none."""
        found = (0, 0.0, "")
        for parts, verb, weight, keyword in self.rows.get(words[i], ()):
            if verb and not is_verb[i]:
                continue
            length = _taken(words, i, parts, most=_GAP if verb else 0)
            counts = weight if verb == is_verb[i] else weight * UNSURE
            if length and (length, counts) > found[:2]:
                found = (length, counts, keyword)
        return found


def _taken(words: tuple[str, ...], i: int, parts: tuple[str, ...], *, most: int) -> int:
    """How many words from ``i`` on hold ``parts`` in order with at most ``most`` words in between; 0 if they do not."""
    at, skipped = i, 0
    for part in parts:
        while at < len(words) and words[at] != part and skipped < most and at > i:
            at, skipped = at + 1, skipped + 1
        if at >= len(words) or words[at] != part:
            return 0
        at += 1
    return at - i


@lru_cache(maxsize=256)
def _index(capabilities: tuple[Capability, ...]) -> _Keywords:
    rows: dict[str, list[tuple[tuple[str, ...], bool, float, str]]] = {}
    for capability in capabilities:
        for keyword in capability.keywords:
            parts = tuple(base_form(t.lower) for t in tokenize(keyword) if t.is_word)
            verb = len(parts) > 1 and parts[0] == "to"
            parts = parts[1:] if verb else parts
            if parts:
                rows.setdefault(parts[0], []).append((parts, verb, capability.weight, keyword.removeprefix("to ")))
    for found in rows.values():
        found.sort(key=lambda row: (-len(row[0]), -row[2]))
    return _Keywords(rows)
