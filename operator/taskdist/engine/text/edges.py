"""Which step waits for which, with the words that say so and how sure they are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from taskdist.engine.text import inflect
from taskdist.engine.text.clauses import Clause
from taskdist.engine.text.content import Content, content, noun_phrases, stems, step_phrases, with_parts
from taskdist.engine.text.groups import Group
from taskdist.engine.text.steps import Condition, Mention, Step
from taskdist.engine.text.tags import Word
from taskdist.engine.text.words.artifacts import RESULT_NOUNS
from taskdist.engine.text.words.order import (
    ABOUT,
    CLOSING,
    CLOSING_LISTS,
    COUNTS,
    ERRANDS,
    GETTING_ABOUT,
    OUTCOMES,
    WHOLE,
    WHOLES,
)
from taskdist.engine.text.words.work import GATHERING

EXPLICIT = 0.95
STATED = 0.9
DATA_FLOW = 0.85
SAME_THING = 0.7
LISTED = 0.6
FOLLOWS = 0.5
KEPT = 0.5
GUESSED = 0.4
_REACH = 60
_ANY_ORDER = re.compile(r"\b(?:any|no particular|whatever|whichever) order\b|\border (?:does not|doesn't) matter\b")
_TOGETHER = re.compile(
    r"\b(?:(both)(?= (?:are|is|have|were|of (?:them|these|those)|[a-z]+ly|and|together"
    r"|after|as|at|before|by|for|from|in|into|on|online|onto|to|under|via|with)\b|$)"
    r"|(?:all|the|these|those) (two|three|four|five|six)(?= (?:are|have|into|in|on|to|together|and|of them)\b|$)"
    r"|all of (?:that|it|them|these|those|this)\b)"
)
_PLURAL_RESULTS = frozenset({"findings", "results", "outputs", "outcomes", "answers", "parts", "pieces", "figures"})


@dataclass(slots=True)
class _Scope:
    """One group while it is read: its steps so far and those that nothing in it waits for yet."""

    group: Group
    steps: list[int] = field(default_factory=list)
    open: dict[int, None] = field(default_factory=dict)


class Orderer:
    """Walks the tree once and collects edges between step numbers."""

    def __init__(self, root: Group) -> None:
        self.root = root
        self.steps: list[Step] = root.steps()
        for number, step in enumerate(self.steps):
            step.number = number
        self.runs: dict[tuple[int, int], list[Step]] = {}
        for step in self.steps:
            self.runs.setdefault((step.sentence, id(step.condition)), []).append(step)
        self.contents: list[Content] = [content(s) for s in self.steps]
        self.things: list[set[str]] = [set(c.things) for c in self.contents]
        self.heads: list[set[str]] = [set() for _ in self.steps]
        self.edges: dict[tuple[int, int], tuple[str, float]] = {}
        self.before: dict[int, set[int]] = {}
        self.after: dict[int, set[int]] = {}
        self.barred: dict[int, set[int]] = {}
        self.index: dict[str, list[int]] = {}
        self.twins: dict[int, list[int]] = {}
        self.labels: dict[str, Group] = {}
        self.branches: dict[int, list[tuple[tuple[int, ...], int]]] = {}
        self.open: dict[int, None] = {}
        self.seen: list[int] = []
        self.last_of_all: list[tuple[int, str]] = []
        self.meant: dict[int, int] = {}
        self.awaited: list[tuple[str, list[int]]] = []
        self.conditions: dict[int, tuple[int, ...]] = {}

    # -- bookkeeping --

    def add(self, before: int, after: int, cue: str, confidence: float) -> None:
        """Add an edge unless it contradicts a stronger one or runs in a circle."""
        if before == after or self._reaches(after, before):
            return
        known = self.edges.get((before, after))
        if known is None or known[1] < confidence:
            self.edges[(before, after)] = (cue, confidence)
        if confidence < KEPT:
            return
        self.before.setdefault(after, set()).add(before)
        self.after.setdefault(before, set()).add(after)
        self.open.pop(before, None)

    def _reaches(self, start: int, goal: int) -> bool:
        todo, done = [start], {start}
        while todo:
            node = todo.pop()
            if node == goal:
                return True
            for following in self.after.get(node, ()):
                if following not in done:
                    done.add(following)
                    todo.append(following)
        return False

    def _excluded(self, a: int, b: int) -> bool:
        """True if ``a`` and ``b`` are in branches of which only one runs."""
        first = dict(self.branches.get(a, ()))
        return any(key in first and first[key] != side for key, side in self.branches.get(b, ()))

    def sinks(self, numbers: Iterable[int]) -> list[int]:
        """Those of ``numbers`` that no other of them waits on."""
        inside = set(numbers)
        return [n for n in sorted(inside) if not (self.after.get(n, set()) & inside)]

    def sources(self, numbers: Iterable[int]) -> list[int]:
        """Those of ``numbers`` that wait for no other of them."""
        inside = set(numbers)
        return [n for n in sorted(inside) if not (self.before.get(n, set()) & inside)]

    # -- the walk --

    def run(self) -> dict[tuple[int, int], tuple[str, float]]:
        """All edges with cue and confidence."""
        self._walk(self.root, [])
        for t, words in self.last_of_all:
            for n in self.sinks([n for n in self.seen if n != t]):
                self.add(n, t, words, STATED)
        for need, numbers in self.awaited:
            if need in self.labels:
                self._chain(self._numbers(self.labels[need]), numbers, f"needs {need}", EXPLICIT)
        return self.edges

    def _walk(self, group: Group, outer: list[Group]) -> list[int]:
        mine: list[int] = []
        previous: list[int] = []
        units: list[list[int]] = []
        chained = self._is_chain(group)
        loose = self._is_loose(group)
        for child in group.children:
            if isinstance(child, Group):
                self._register(child, [*outer, group])
                numbers = self._numbers(child)
                if loose:
                    for n in numbers:
                        self.barred.setdefault(n, set()).update(mine)
                self._walk(child, [*outer, group])
                if not numbers:
                    continue
                if not chained and previous and self._arrow_before(child):
                    self._chain(previous, numbers, "->", EXPLICIT)
                if chained and previous:
                    self._chain(previous, numbers, "phase" if group.phases else "listed order", EXPLICIT)
                self._apply_needs(child, numbers)
            else:
                numbers = [child.number]
                if loose:
                    self.barred.setdefault(child.number, set()).update(mine)
                self._step(child, previous, mine)
                if chained and previous:
                    self._chain(previous, numbers, "listed order", EXPLICIT)
            units.append(numbers)
            mine.extend(numbers)
            previous = numbers
        annotated = any(isinstance(c, Group) and (c.needs or c.free) for c in group.children)
        if group.order == "set" and not loose and not chained and not annotated:
            self._list_order(units)
            if _instructs(group.lead):
                self._procedure(units)
        return mine

    def _register(self, child: Group, outer: list[Group]) -> None:
        """Remember what references may call it: "3", and inside of "b" also "b3"."""
        if child.label:
            for prefix in ("", *(upper.label for upper in outer if upper.label)):
                self.labels[prefix + child.label] = child

    def _arrow_before(self, group: Group) -> bool:
        first = self.steps[self._numbers(group)[0]]
        return first.clause.delim == "->" and bool(first.clause.label)

    def _numbers(self, group: Group) -> list[int]:
        return [s.number for s in group.steps()]

    def _chain(self, first: list[int], second: list[int], cue: str, confidence: float) -> None:
        for a in self.sinks(first):
            for b in self.sources(second):
                self.add(a, b, cue, confidence)

    def _is_chain(self, group: Group) -> bool:
        if group.order != "seq":
            return False
        if self._says(group.lead, "parallel") or _frees(group.lead):
            return False
        return not any(isinstance(c, Group) and (c.needs or c.free) for c in group.children)

    def _is_loose(self, group: Group) -> bool:
        if group.free and group.order == "set":
            return True
        return (
            self._says(group.lead, "parallel")
            or _frees(group.lead)
            or (
                any(w.lower in {"parallel", "concurrently", "independently"} for c in group.lead for w in c.words)
                and group.order != "text"
            )
        )

    @staticmethod
    def _says(lead: Iterable[object], role: str) -> bool:
        return any(r == role for clause in lead for r, _ in clause.cues)  # type: ignore[attr-defined]

    def _apply_needs(self, group: Group, numbers: list[int]) -> None:
        for need in group.needs:
            if need.startswith("="):
                for part in re.split(r",|\band\b|\+|&", need[1:]):
                    for target in self._named(
                        set(self._stems_of_text(part)), [n for n in self.seen if n not in numbers]
                    ):
                        for b in self.sources(numbers):
                            self.add(target, b, need[1:], STATED)
                continue
            other = self.labels.get(need)
            if other is None:
                self.awaited.append((need, numbers))
            elif other is not group:
                self._chain(self._numbers(other), numbers, f"needs {need}", EXPLICIT)

    @staticmethod
    def _stems_of_text(text: str) -> list[str]:
        return [
            inflect.stem(w)
            for w in text.replace(",", " ").split()
            if len(w) > 2 and w not in {"the", "and", "from", "both"}
        ]

    # -- one step --

    def _step(self, step: Step, previous: list[int], mine: list[int]) -> None:
        t = step.number
        self._set_side_by_side(step)
        told = self._explicit(step, previous, mine)
        flowed = self._data_flow(step, mine, told=told)
        elsewhere = any(
            n in mine and self.steps[n].sentence == step.sentence and n != mine[-1] for n in self.before.get(t, ())
        )
        if not told and not elsewhere and self._in_list(step, mine):
            self._listed(step, mine)
        elif not told and not flowed:
            self._default(step, previous, mine)
        self._remember(step)
        self.seen.append(t)
        if not any(n in self.seen for n in self.after.get(t, ())):
            self.open[t] = None

    def _set_side_by_side(self, step: Step) -> None:
        """ "A, B and C. Compare all three": that they are counted together shows that the list was no pipeline."""
        many = _counted_together(step)
        if not many or not self.seen:
            return
        sentence = self.steps[self.seen[-1]].sentence
        run = [n for n in self.seen if self.steps[n].sentence == sentence]
        members = run[-many:] if many > 0 else run
        if len(members) < max(2, many) or any(self.contents[n].pronoun or self.contents[n].elided for n in members):
            return
        inside = set(members)
        links = [(a, b) for b in members for a in self.before.get(b, ()) if a in inside]
        if not links or any(self.edges[link][1] > LISTED for link in links):
            return
        for a, b in links:
            del self.edges[a, b]
            self.before[b].discard(a)
            self.after[a].discard(b)
            self.open[a] = None
        for b in members[1:]:
            for a in sorted(self.before.get(members[0], ())):
                if self._may(a, b):
                    self.add(a, b, *self.edges[a, members[0]])

    def _remember(self, step: Step) -> None:
        t = step.number
        c = self.contents[t]
        for stem in with_parts({c.verb}) | self.things[t] | c.made:
            if stem:
                self.index.setdefault(stem, []).append(t)

    def _may(self, a: int, t: int) -> bool:
        if self.steps[t].is_free:
            return False
        if a == t or a in self.barred.get(t, ()) or self._excluded(a, t):
            return False
        one, two = self.steps[a], self.steps[t]
        return not (one.loose and one.loose == two.loose and two.clause.mood != "cont")

    # -- explicit cues --

    def _explicit(self, step: Step, previous: list[int], mine: list[int]) -> bool:
        told = self._condition(step, previous, mine)
        told |= self._mentions(step, previous)
        cues = [*step.clause.cues, *_lead_cues(step)]
        clause = step.clause
        if (clause.delim == "->" and not clause.label) or clause.sub == "followed":
            cues.append(("then", "->" if clause.delim == "->" else "followed by"))
        for role, words in cues:
            told |= self._cue(step, role, words, previous, mine)
        return told

    def _cue(self, step: Step, role: str, words: str, previous: list[int], mine: list[int]) -> bool:
        t = step.number
        if role in {"then", "finally", "join"}:
            return self._after_cue(step, role, words, previous, mine)
        if role == "parallel" and self._fronted(step, words) and mine:
            for n in self._together(mine):
                self.barred.setdefault(t, set()).add(n)
            return True
        if role == "beforehand":
            return self._before_cue(step, words, mine)
        if role == "first":
            return self._first_cue(step, words, mine)
        return False

    def _first_cue(self, step: Step, words: str, mine: list[int]) -> bool:
        """ "…, but X and Y have to be done first": before what was told before."""
        t = step.number
        together = [t]
        while (
            together[0] - 1 in mine
            and self.steps[together[0]].clause.delim == "and"
            and self.steps[together[0] - 1].sentence == step.sentence
        ):
            together.insert(0, together[0] - 1)
        others = [m for m in mine if m not in together and self.steps[m].clause is not step.clause]
        if not others:
            return False
        for n in self.sources([m for m in others if self.steps[m].sentence == self.steps[others[-1]].sentence]):
            for first in together:
                self.add(first, n, words, 0.8)
        return True

    def _after_cue(self, step: Step, role: str, words: str, previous: list[int], mine: list[int]) -> bool:
        t = step.number
        if role == "then" and step.clause.mood == "cont" and previous:
            targets = previous
        elif role == "then":
            same = [n for n in mine if self.steps[n].sentence == step.sentence]
            targets = self.sinks(same or mine)
        else:
            targets = [n for n in self.open if n != t] or self.sinks(mine)
        targets = [n for n in targets if not self._excluded(n, t)]
        for n in targets:
            self.add(n, t, words, EXPLICIT)
        if role == "finally" and not mine and not targets:
            self.last_of_all.append((t, words))
        return bool(targets)

    def _fronted(self, step: Step, words: str) -> bool:
        """True if the adverb stands before the verb: it then speaks of the step, not of its objects."""
        for word in step.clause.words:
            if word is step.verb:
                return False
            if word.lower == words:
                return True
        return False

    def _together(self, mine: list[int]) -> list[int]:
        """What a "meanwhile" runs beside: the last sentence's steps."""
        last = self.steps[mine[-1]].sentence
        return [n for n in mine if self.steps[n].sentence == last]

    def _before_cue(self, step: Step, words: str, mine: list[int]) -> bool:
        if not mine:
            return False
        if step.clause.mood == "part":
            return False
        same = [n for n in mine if self.steps[n].sentence == step.sentence]
        for n in self.sources([(same or mine)[-1]]):
            self.add(step.number, n, words, STATED)
        return True

    # -- mentions --

    def _mentions(self, step: Step, previous: list[int]) -> bool:
        told = False
        for mention in step.mentions:
            told |= self._mention(step, mention, previous)
        return told

    def _mention(self, step: Step, mention: Mention, previous: list[int]) -> bool:
        t = step.number
        cue = " ".join(w.lower for w in mention.clause.words[:6])
        if mention.role == "host":
            return False
        host = next((s.number for s in self.steps if s.clause is mention.clause), None)
        if mention.role in {"after", "when"}:
            targets = [host] if host is not None else self._resolve(mention.clause.words, t, previous)
            for n in targets:
                self.add(n, t, cue, STATED)
            return bool(targets)
        if mention.role == "before":
            if host is not None:
                self.add(t, host, cue, STATED)
                return True
            for n in self._work_named(mention.clause, t):
                self.add(t, n, cue, STATED)
            return False
        if mention.role == "parallel":
            if host is not None:
                self.barred.setdefault(host, set()).add(t)
                self.barred.setdefault(t, set()).add(host)
            else:
                for n in self._resolve(mention.clause.words, t, previous):
                    self.barred.setdefault(t, set()).add(n)
            return True
        return False

    def _work_named(self, clause: Clause, t: int) -> list[int]:
        """The step that "before the rollout", "before you switch" speaks of, by its verb or the noun of that."""
        verb = clause.words[clause.verb] if clause.verb >= 0 else None
        wanted = (
            {inflect.stem(verb.lemma)}
            if verb is not None and verb.tag in {"V", "VZ", "VG", "VN"}
            else stems(clause.words)
        )
        hits = [
            s.number
            for s in self.steps
            if s.number != t
            and (
                self.contents[s.number].verb in wanted
                or (verb is None and wanted & self.contents[s.number].object_heads)
            )
        ]
        spoken = stems(clause.words)
        return sorted(hits, key=lambda n: (-len(spoken & self.things[n]), abs(n - t)))[:1]

    def _resolve(self, words: list[Word], t: int, previous: list[int]) -> list[int]:
        """The steps that a phrase ("the report is in", "both are up", "it is done") speaks of."""
        low = {w.lower for w in words}
        earlier = [n for n in self.seen if n != t]
        if not earlier:
            return []
        if low & WHOLE and not ({w.lower for w in words if w.tag in {"N", "V", "VZ", "VG", "JJ"}} - WHOLE - OUTCOMES):
            return [n for n in self.open if n != t]
        found = self._phrases(words, earlier)
        many = max((COUNTS[word] for word in low if word in COUNTS), default=0)
        if many > len(found):
            # "After both sign-offs": as many as wait for nobody yet.
            waiting = [n for n in self.open if n != t][-many:]
            if len(waiting) == many:
                return waiting
        if found:
            return found
        pointing = low & {
            "it",
            "this",
            "that",
            "they",
            "these",
            "those",
            "them",
            "it's",
            "that's",
            "that'll",
            "they're",
            "it'll",
        }
        if (pointing and (low & OUTCOMES or not _spoken(words))) or (low & OUTCOMES and not low & {"we", "you"}):
            return self.sinks(previous) if previous else earlier[-1:]
        return []

    def _phrases(self, words: list[Word], candidates: list[int]) -> list[int]:
        out: list[int] = []
        spoken = stems(words)
        for phrase, _ in noun_phrases([w for w in words if w.tag != "SC"]):
            mine = stems(phrase)
            if mine:
                out.extend(n for n in self._named(mine, candidates, context=spoken) if n not in out)
        if not out and spoken:
            out = self._named(spoken, candidates)
        return out

    def _named(self, wanted: set[str], candidates: list[int], context: set[str] | None = None) -> list[int]:
        """The candidates that share most with ``wanted``; the latest of equals, with its twins."""
        best, score = [], 0.0
        allowed = set(candidates)
        hits: dict[int, float] = {}
        for stem in wanted:
            for n in self.index.get(stem, ())[-_REACH:]:
                if n in allowed:
                    c = self.contents[n]
                    hits[n] = hits.get(n, 0.0) + (
                        1.6
                        if stem == c.verb
                        else 1.2
                        if stem in c.object_heads
                        else 1.0
                        if stem in self.things[n]
                        else 0.7
                    )
        for n in candidates:
            if n not in hits and n not in self.seen:
                c = self.contents[n]
                value = sum(
                    1.6 if s == c.verb else 1.2 if s in c.object_heads else 1.0
                    for s in wanted
                    if s == c.verb or s in c.things
                )
                if value:
                    hits[n] = value
        if context:
            for n in hits:
                hits[n] += 0.3 * sum(1 for s in context - wanted if s == self.contents[n].verb or s in self.things[n])
        for n in sorted(hits):
            if hits[n] >= score - 1e-9:
                score, best = hits[n], [n]
        return self._with_twins(best)

    def _with_twins(self, found: list[int], asking: Step | None = None) -> list[int]:
        if not found:
            return found
        step = self.steps[found[0]]
        if not step.member or (asking is not None and asking.member is step.member):
            return found
        return [
            n
            for n in range(max(0, found[0] - 40), min(len(self.steps), found[0] + 40))
            if self.steps[n].clause is step.clause
        ]

    # -- conditions --

    def _condition(self, step: Step, previous: list[int], mine: list[int]) -> bool:
        condition = step.condition
        if condition is None:
            return False
        t = step.number
        key = id(condition.clause)
        if key in self.conditions:
            producers = self.conditions[key]
        else:
            producers = tuple(self._producers(condition, step, previous, mine))
            self.conditions[key] = producers
        inherited = [b for n in producers for b in self.branches.get(n, ())]
        side = hash((key, condition.otherwise))
        self.branches[t] = [*inherited, (producers or (-1,), side)]
        together = [n for n in previous if self.steps[n].condition is not None and self.steps[n].condition is condition]
        if together:
            return False
        for n in producers:
            self.add(n, t, condition.text, STATED)
        return True

    def _producers(self, condition: Condition, step: Step, previous: list[int], mine: list[int]) -> list[int]:
        words = condition.clause.words
        earlier = [n for n in self.seen if n != step.number]
        if not earlier:
            return []
        if _TOGETHER.search(" ".join(w.lower for w in words)):
            return [n for n in earlier if n in self.open]
        waiting = [
            n
            for n in mine
            if self.steps[n].sentence == step.sentence
            and any(m.fronted and m.role in {"after", "when"} for m in self.steps[n].mentions)
        ]
        if waiting and {w.lower for w in words} & {"it", "they", "this", "that"}:
            return sorted(self.before.get(waiting[0], ()))
        found = self._phrases([w for w in words if w.tag not in {"SC", "IN"} or w.kind == "quote"], earlier)
        if found:
            return found
        low = {w.lower for w in words}
        marks = (
            low & OUTCOMES
            or low & {"it", "that", "this", "they", "any", "not", "yes", "no"}
            or any(not c.isalnum() and c in "≥≤<>=" for w in low for c in w)
            or low & {"below", "above"}
        )
        last_kind = self.contents[mine[-1]].kind if mine else ""
        if not marks and not condition.is_test and last_kind not in {"study", "check"}:
            return []
        last = [n for n in mine if self.steps[n].condition is None]
        beside = self.steps[mine[-1]].condition if mine and not last else None
        if beside is not None:
            # "If A, do X. If B, do Y": what is asked about is older than both.
            return list(self.conditions.get(id(beside.clause), ()))
        last = last or mine or earlier
        return self.sinks(previous) if previous and self.steps[previous[-1]].condition is None else last[-1:]

    # -- data flow --

    def _data_flow(self, step: Step, mine: list[int], *, told: bool) -> bool:
        t = step.number
        c = self.contents[t]
        found = False
        if c.pronoun:
            found |= self._pronoun(step, c, mine)
        candidates = [
            n for n in self.seen[-_REACH:] if self._may(n, t) and not (n == self.seen[-1] and self._siblings(n, t))
        ]
        if not candidates:
            return found
        if _takes_whole(step):
            return self._hang(t, [n for n in self.open if self._may(n, t)], "the whole", DATA_FLOW)
        if _adds_on(step):
            last = self.steps[candidates[-1]].sentence
            earlier = [n for n in candidates if self.steps[n].sentence != last or last == step.sentence]
            candidates = earlier or candidates
        for phrase, definite in step_phrases(step):
            if _is_new(step.words, phrase):
                continue
            found |= self._uses(t, phrase, definite=definite, candidates=candidates)
        if step.verb is not None and step.verb.lemma in GATHERING and not c.pronoun and not told:
            found |= self._hang(t, [n for n in candidates if n in self.open], step.verb.lower, SAME_THING)
        if not found and not told and c.definite & RESULT_NOUNS:
            found = self._hang(t, self.sinks(candidates)[-1:], "the result", SAME_THING)
        return found

    def _pronoun(self, step: Step, c: Content, mine: list[int]) -> bool:
        t = step.number
        if step.context:
            targets = self._phrases(step.context, [n for n in self.seen if self._may(n, t)])
            self._hang(t, targets, c.pronoun, SAME_THING)
            return True
        earlier = [n for n in (mine or self.seen) if self._may(n, t)] or [n for n in self.seen if self._may(n, t)]
        if not earlier:
            return False
        last = earlier[-1]
        if c.pronoun in {"one", "others"}:
            self.barred.setdefault(t, set()).add(last)
            return self._hang(
                t,
                sorted(n for n in self.before.get(last, ()) if self.edges[(n, last)][1] >= KEPT),
                c.pronoun,
                SAME_THING,
            )
        if c.pronoun == "two":
            return self._hang(t, [n for n in self.open if self._may(n, t)][-2:], "the two", DATA_FLOW)
        if c.pronoun in {"all", "both", "everything"}:
            return self._hang(t, [n for n in self.open if self._may(n, t)], c.pronoun, DATA_FLOW)
        same = self._same_preposition(step, last)
        if same:
            return self._hang(t, same, c.pronoun, DATA_FLOW)
        targets = self._with_twins([last], step)
        self.meant[t] = last
        self.things[t] |= self.contents[last].object_heads | self.heads[last]
        self.heads[t] |= self.contents[last].object_heads | self.heads[last]
        return self._hang(t, targets, c.pronoun, DATA_FLOW)

    def _same_preposition(self, step: Step, last: int) -> list[int]:
        """ "A is made from the report, and B is made from it": the pronoun stands where the report stood."""
        place = next(
            (
                k
                for k, w in enumerate(step.words)
                if w.lower in {"it", "them", "that"} and k and step.words[k - 1].tag == "IN"
            ),
            0,
        )
        if not place or self.steps[last].sentence != step.sentence:
            return []
        preposition = step.words[place - 1].lower
        words = self.steps[last].words
        spot = next((k for k, w in enumerate(words) if w.lower == preposition), -1)
        if spot < 0 or step.verb is None or self.steps[last].verb is None or step.verb.tag != "VN":
            return []
        phrase = stems(words[spot + 1 :])
        return self._named(phrase, [n for n in self.seen if n != last]) if phrase else []

    def _uses(self, t: int, phrase: list[Word], *, definite: bool, candidates: list[int]) -> bool:
        wanted = with_parts(stems(phrase))
        if not wanted:
            return False
        allowed = set(candidates)
        head = inflect.stem(next((w.lower for w in reversed(phrase) if w.tag in {"N", "VG"}), phrase[-1].lower))
        worked = with_parts({inflect.stem(w.lower) for w in phrase[:-1] if w.tag == "VN"}) if len(phrase) > 1 else set()
        hits: dict[int, float] = {}
        for stem in wanted:
            for n in self.index.get(stem, ())[-_REACH:]:
                if n in allowed:
                    hits[n] = hits.get(n, 0.0) + self._weight(
                        stem, n, head, worked, definite=definite, alone=len(wanted) == 1
                    )
        if not hits:
            several = self._so_many(phrase, candidates) if definite else []
            return bool(several) and self._hang(t, several, " ".join(w.lower for w in phrase), SAME_THING)
        score = max(hits.values())
        confidence = _overlap_confidence(score, definite=definite)
        if confidence < GUESSED:
            return False
        best = [n for n in sorted(hits) if hits[n] >= score - 0.25][-1]
        several = self._so_many(phrase, candidates) if definite else []
        if several:
            return self._hang(t, several, " ".join(w.lower for w in phrase), DATA_FLOW)
        return self._hang(t, self._with_twins([best], self.steps[t]), " ".join(w.lower for w in phrase), confidence)

    def _so_many(self, phrase: list[Word], candidates: list[int]) -> list[int]:
        """ "The two outputs", "the three reports": as many steps right before, if they stand side by side."""
        many = next((COUNTS[w.lower] for w in phrase if w.lower in COUNTS), 0)
        unused = [n for n in candidates if n in self.open]
        last = (unused if len(unused) >= many else candidates)[-many:] if many > 1 else []
        if len(last) < many or any(self._reaches(a, b) for a in last for b in last if a != b):
            return []
        return last

    def _weight(self, stem: str, n: int, head: str, worked: set[str], *, definite: bool, alone: bool) -> float:
        """How much a shared stem says that step ``n`` made or handled the thing."""
        c = self.contents[n]
        if stem in worked and stem == c.verb:
            return 1.0
        weight = 1.0 if stem == head else 0.6
        if stem == c.verb:
            return weight
        if stem in self.things[n]:
            return weight if stem in c.heads or stem in self.heads[n] else weight * 0.5
        if not alone:
            return weight * 0.2
        return weight * (0.6 if definite else 0.5)

    def _hang(self, t: int, targets: list[int], cue: str, confidence: float) -> bool:
        found = False
        for n in targets:
            if self._may(n, t):
                self.add(n, t, cue, confidence)
                found = found or confidence >= 0.5
        return found

    # -- nothing said --

    def _in_list(self, step: Step, mine: list[int]) -> bool:
        """True for a member of a run of commands in one sentence."""
        if not mine or self.steps[mine[-1]].sentence != step.sentence:
            return False
        last = self.steps[mine[-1]]
        return (
            step.clause.mood in _LISTABLE
            and last.clause.mood in _LISTABLE
            and step.condition is last.condition
            and not step.clause.label
        )

    def _siblings(self, a: int, t: int) -> bool:
        """ "Build the arm image, build the amd image": the same work on different things."""
        one, two = self.steps[a], self.steps[t]
        return (
            one.verb is not None
            and two.verb is not None
            and one.verb.lemma == two.verb.lemma
            and not self.contents[t].pronoun
            and not self.contents[t].elided
        )

    def _listed(self, step: Step, mine: list[int]) -> None:
        t, last = step.number, mine[-1]
        if not self._may(last, t):
            return
        if self._siblings(last, t):
            for n in [
                n for n in self.before.get(last, ()) if self.steps[n].sentence == step.sentence and self._may(n, t)
            ]:
                self.add(n, t, "listed order", LISTED)
            return
        if self._from_the_same(step, last):
            return
        if not self._unrelated(self.runs[step.sentence, id(step.condition)]):
            ends = (
                [
                    n
                    for n in self.open
                    if mine[0] <= n and self.steps[n].sentence == step.sentence and self._siblings(n, last)
                ]
                if not self.contents[t].pronoun
                else []
            )
            for n in {last, *ends}:
                if self._may(n, t):
                    self.add(n, t, step.clause.delim or "listed order", LISTED)

    def _from_the_same(self, step: Step, last: int) -> bool:
        """ "Based on that list, order A and file B": what stands in front goes for both."""
        t, front = step.number, self.steps[last].clause.front
        if (
            not front
            or front[0].tag != "IN"
            or self.contents[t].pronoun
            or self.contents[t].elided
            or self.before.get(t)
        ):
            return False
        sources = [n for n in self.before.get(last, ()) if self.steps[n].sentence != step.sentence]
        for n in sources:
            self.add(n, t, " ".join(w.lower for w in front[:4]), self.edges[(n, last)][1])
        return bool(sources)

    def _unrelated(self, members: list[Step]) -> bool:
        """Errands and upkeep with nothing in common are no pipeline."""
        if any(self.contents[s.number].elided or self.contents[s.number].pronoun for s in members):
            return False
        verbs = [s.verb.lemma for s in members if s.verb is not None]
        return len(members) > 2 and len(verbs) == len(members) and all(v in ERRANDS for v in verbs)

    def _default(self, step: Step, previous: list[int], mine: list[int]) -> None:
        t = step.number
        candidates = [n for n in mine if self._may(n, t)]
        if not candidates:
            return
        last = candidates[-1]
        other = self.steps[last].condition
        if step.condition is not None and other is not None and other is not step.condition:
            return
        clause = step.clause
        if clause.words and clause.words[0].lower == "with" and clause.mood == "part":
            self.add(last, t, "with", SAME_THING)
        elif self.steps[last].clause.has_cue("first") and self.steps[last].sentence == step.sentence:
            self.add(last, t, "first", SAME_THING)
        elif _closes(step) and clause.mood == "imp" and step.number == len(self.steps) - 1:
            for n in [n for n in self.open if self._may(n, t)]:
                self.add(n, t, "closing step", SAME_THING)
        elif self.contents[t].elided and previous:
            for n in [n for n in self.sinks(previous) if self._may(n, t)]:
                self.add(n, t, "same object", SAME_THING)
        elif step.is_because and self._held_up(last):
            self.add(t, last, "so", STATED)
        elif not _adds_on(step) and not self._siblings(last, t):
            self.add(last, t, clause.delim or "next sentence", self._follows(step, self.steps[last]))

    def _held_up(self, n: int) -> bool:
        """ "The plan can't be finished until …, so …": what comes next clears the way."""
        return any(w.lower in {"can't", "cannot"} for w in self.steps[n].clause.aux)

    def _follows(self, step: Step, last: Step) -> float:
        """How likely a step without any link still follows the one told before it."""
        if step.sentence == last.sentence:
            own_subject = step.clause.mood == "fin" and step.clause.subject
            return GUESSED if own_subject else FOLLOWS
        return FOLLOWS

    def _procedure(self, units: list[list[int]]) -> None:
        """ "How to make curry:" and bullets: each follows the one before, unless both do the same to different things.

        Only if anything in them hangs together or moves somebody somewhere: else they are advice.
        """
        members = [n for unit in units for n in unit]
        inside = set(members)
        linked = any(self.before.get(n, set()) & inside or self.contents[n].elided for n in members)
        if not linked and not any(_moves(self.steps[n]) for n in members):
            return
        for k, (a, b) in enumerate(pairwise(members), 1):
            if self.before.get(b):
                continue
            if not self._siblings(a, b):
                self.add(a, b, "listed order", LISTED)
                continue
            for n in sorted(self.before.get(a, ()) or members[: k - 1][-1:]):
                if self._may(n, b) and not self._siblings(n, b):
                    self.add(n, b, "listed order", LISTED)

    def _list_order(self, units: list[list[int]]) -> None:
        """Bullets: a pipeline if neighbours are linked or lack an object, and they are no mere errands."""
        if len(units) < 2:
            return
        if all(len(u) == 1 for u in units):
            members = [self.steps[u[0]] for u in units]
            linked = any((a[0], b[0]) in self.edges and self.edges[(a[0], b[0])][1] >= KEPT for a, b in pairwise(units))
            linked = linked or any(self.contents[s.number].elided for s in members[1:])
            if linked and not self._unrelated(members):
                for (a,), (b,) in pairwise(units):
                    if self._may(a, b) and not self.before.get(b):
                        self.add(a, b, "listed order", LISTED)
        last = units[-1][0]
        verb = self.steps[last].verb
        if verb is not None and verb.lemma in CLOSING_LISTS and not self.before.get(last):
            for n in self.sinks([n for u in units[:-1] for n in u]):
                self.add(n, last, "closing step", LISTED)


def _instructs(lead: Iterable[Clause]) -> bool:
    """ "How to make chicken curry:"."""
    text = " ".join(w.lower for clause in lead for w in clause.words)
    return text.startswith(("how to ", "how do you ", "instructions ", "recipe "))


def _moves(step: Step) -> bool:
    """ "Go to the store", "get in the car": what comes next happens there."""
    return step.verb is not None and (
        step.verb.lemma in ABOUT or " ".join(w.lower for w in step.words[:2]) in GETTING_ABOUT
    )


def _is_new(words: list[Word], phrase: list[Word]) -> bool:
    """ "A report", "another list": made here, not used."""
    at = next((k for k, w in enumerate(words) if w is phrase[0]), 0)
    return at > 0 and words[at - 1].lower in {"a", "an", "another"}


def _frees(lead: Iterable[Clause]) -> bool:
    """ "Housekeeping, any order:"."""
    text = " ".join(w.lower for clause in lead for w in clause.words)
    return bool(_ANY_ORDER.search(text))


def _counted_together(step: Step) -> int:
    """How many of the steps before it ``step`` names at once ("both", "all three"); -1 for all of a list, 0 for none."""
    clauses = [m.clause.words for m in step.mentions] + ([step.condition.clause.words] if step.condition else [])
    for words in (step.words, *clauses):
        found = _TOGETHER.search(" ".join(w.lower for w in words))
        if found:
            return COUNTS.get(found.group(1) or found.group(2) or "", -1)
    gathers = step.verb is not None and step.verb.lemma in GATHERING
    return -1 if gathers and any(w.lower in _PLURAL_RESULTS for w in step.words) else 0


def _spoken(words: list[Word]) -> set[str]:
    """The words of a phrase that mean something, lower case."""
    return {
        w.lower
        for w in words
        if w.tag in {"N", "V", "VZ", "VN", "VD", "VG", "JJ"} and w.lower not in {"be", "is", "are"}
    }


def _overlap_confidence(score: float, *, definite: bool) -> float:
    if definite:
        return DATA_FLOW if score >= 1.0 else SAME_THING if score >= 0.6 else 0.45 if score >= 0.5 else 0.0
    return SAME_THING if score >= 1.5 else LISTED if score >= 1.0 else 0.45 if score >= 0.6 else 0.0


def _lead_cues(step: Step) -> list[tuple[str, str]]:
    if step.lead in {
        "join",
        "merge",
        "finally",
        "at the end",
        "closing",
        "last",
        "lastly",
        "afterwards",
        "then",
        "next",
        "end",
        "finish",
        "after that",
        "to finish",
        "final step",
        "wrap-up",
        "follow-up",
        "merge point",
        "fan-in",
        "sync point",
    }:
        return [("finally", step.lead)]
    return []


_LISTABLE = frozenset({"imp", "ger", "np", "part", "inf"})
_ADDING = frozenset(
    {"also", "additionally", "furthermore", "moreover", "besides", "too", "likewise", "similarly", "another", "as well"}
)


def _adds_on(step: Step) -> bool:
    """ "Also, …": one more thing, not the next one."""
    return any(w.lower in _ADDING for w in step.clause.words if w.tag == "RB")


def _takes_whole(step: Step) -> bool:
    """ "E2E tests for the whole flow": about everything done so far."""
    words = step.words
    return any(
        (
            w.lower in {"whole", "entire", "everything"}
            and k
            and (
                w.lower == "everything"
                or (words[k - 1].lower == "the" and k + 1 < len(words) and words[k + 1].lower in WHOLES)
            )
        )
        or (w.lower in {"end-to-end", "e2e"} and step.verb is None)
        for k, w in enumerate(words)
    )


def _closes(step: Step) -> bool:
    return step.verb is not None and step.verb.lemma in CLOSING
