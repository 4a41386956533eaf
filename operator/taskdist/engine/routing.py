"""Which agent type does a task: keywords of capabilities found in its words, weighed by where they stand.

The verb says most about who is needed, the thing that it works on next, everything else little. A keyword of several
words counts for more than one of them, and hides its parts. All agent types are ranked; ties go by name.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from taskdist.engine.model import Routing
from taskdist.engine.text.inflect import stem
from taskdist.engine.text.tokens import tokenize
from taskdist.engine.text.topic import Topic, topic

if TYPE_CHECKING:
    from taskdist.engine.model import AgentTypeSpec, Capability, TaskSpec

GENERAL: Final = "general"
UNKNOWN_WORK_SCORE: Final = 0.0
"""A routing to ``general`` with at most this score means that nothing matched: the rule ``UnknownWork`` tells the user."""
HALF: Final = 4.0
"""Evidence at which the score is one half; score = evidence / (evidence + HALF), so it never reaches 1."""
VERB: Final = 1.5
"""Weight of a keyword that is the verb; the thing it works on counts 1."""
MODIFIER: Final = 0.7
"""Weight of a keyword beside the head of the thing ("access" in "access logs")."""
ELSEWHERE: Final = 0.4
"""Weight of a keyword anywhere else."""
PHRASE: Final = 1.4
"""Factor of a keyword of several words."""


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

    An explicit ``agentType`` wins with score 1, whether it exists or not (rules tell). ``requiredCapabilities`` leave only the
    agent types that have most of them. Without any match ``general`` gets it with score 0, or the first by name.
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
    held = {
        a.name: wanted & {c.name.lower() for c in a.capabilities} | (wanted & {a.specialization.lower()})
        for a in allowed
    }
    best = max((len(h) for h in held.values()), default=0)
    if best == 0:
        fallback = _best(ranked)
        listed = ", ".join(required)
        return Routing(
            fallback.chosen, 0.0, fallback.runner_up, fallback.runner_up_score, f"no agent type has {listed}"
        )
    order = sorted((r for r in ranked if held[r.name]), key=lambda r: (-len(held[r.name]), -r.evidence, r.name))
    chosen = order[0]
    reason = f"has {', '.join(sorted(held[chosen.name]))} of the required capabilities"
    missing = wanted - held[chosen.name]
    if missing:
        reason += f"; lacks {', '.join(sorted(missing))}"
    score = round(len(held[chosen.name]) / len(wanted), 4)
    if len(order) > 1:
        return Routing(chosen.name, score, order[1].name, round(len(held[order[1].name]) / len(wanted), 4), reason)
    return Routing(chosen.name, score, reason=reason)


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
    hits: list[tuple[float, int, str]] = []
    covered: set[int] = set()
    stems = about.stems
    for i in range(len(stems)):
        for phrase, weight, word in index.phrases.get(stems[i], ()):
            if stems[i : i + len(phrase)] == phrase:
                place = max(_place(about, k) for k in range(i, i + len(phrase)))
                hits.append((weight * PHRASE * place, i, word))
                covered.update(range(i, i + len(phrase)))
    for i, one in enumerate(stems):
        if i not in covered and one in index.words:
            weight, word = index.words[one]
            hits.append((weight * _place(about, i), i, word))
    hits.sort(key=lambda h: (-h[0], h[1]))
    # Many weak words must not outvote one strong: each further hit counts half of the one before.
    evidence = sum(value / 2**k for k, (value, _, _) in enumerate(hits[:6]))
    return _Ranked(agent_type.name, round(evidence, 6), tuple(dict.fromkeys(word for _, _, word in hits[:3])))


def _place(about: Topic, i: int) -> float:
    if i == about.verb:
        return VERB
    if i in about.heads:
        return 1.0
    return MODIFIER if i in about.modifiers else ELSEWHERE


@dataclass(frozen=True, slots=True)
class _Keywords:
    words: dict[str, tuple[float, str]]
    phrases: dict[str, list[tuple[tuple[str, ...], float, str]]]


@lru_cache(maxsize=256)
def _index(capabilities: tuple[Capability, ...]) -> _Keywords:
    words: dict[str, tuple[float, str]] = {}
    phrases: dict[str, list[tuple[tuple[str, ...], float, str]]] = {}
    for capability in capabilities:
        for keyword in capability.keywords:
            parts = tuple(stem(t.lower) for t in tokenize(keyword) if t.is_word)
            if len(parts) > 1:
                phrases.setdefault(parts[0], []).append((parts, capability.weight, keyword))
            elif parts and words.get(parts[0], (0.0, ""))[0] < capability.weight:
                words[parts[0]] = (capability.weight, keyword)
    for rows in phrases.values():
        rows.sort(key=lambda row: -len(row[0]))
    return _Keywords(words, phrases)
