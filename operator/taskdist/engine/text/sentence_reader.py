"""Reading the sentences of one block: every clause goes through a row of handlers, of which the first that knows it takes it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from taskdist.engine.model import TriggerRule
from taskdist.engine.text import annotations as remarks
from taskdist.engine.text import inflect, leads
from taskdist.engine.text.clause import Clause
from taskdist.engine.text.clauses import clauses
from taskdist.engine.text.fragments import Fragment, sentences
from taskdist.engine.text.groups import Group
from taskdist.engine.text.judge import Judgement, judge, names_action
from taskdist.engine.text.outcome import fails, trigger_rule
from taskdist.engine.text.step import Condition, Mention, Step
from taskdist.engine.text.word import Word
from taskdist.engine.text.words.function import ANAPHORS
from taskdist.engine.text.words.leads import ASIDES

_STORY = re.compile(r"as an? .{1,80}?\b(?:i|we)(?:'d| would)? (?:want|need|like|can|should|must)\b", re.DOTALL)
_MUTUAL_SUBJECTS = ANAPHORS | frozenset(
    [
        "all",
        "neither",
        "none",
        "order",
        "two",
        "three",
        "four",
        "following",
        "we",
        "tasks",
        "steps",
        "jobs",
        "tracks",
        "things",
        "which",
    ]
)
_STARTS_BRANCH = frozenset({";", ",", ", but", ", and", "but", ":", "and", "-", ", or", "or"})


@dataclass(slots=True)
class Progress:
    """What carries over to the next sentence: the number, the last condition, the sentence whose steps have no order."""

    sentence: int = 0
    condition: Condition | None = None
    passed: Condition | None = None
    """The last condition that something unconditional was said behind."""
    free_sentence: int = -1


@dataclass(slots=True)
class _Line:
    """What carries over from clause to clause within a sentence."""

    parts: list[Clause]
    target: Group
    is_item: bool
    is_alone: bool
    at: int = 0
    pending: list[Mention] = field(default_factory=list)
    previous: Judgement | None = None
    latest: Step | None = None
    branch: Condition | None = None
    context: list[Word] = field(default_factory=list)

    @property
    def following(self) -> Clause | None:
        return self.parts[self.at + 1] if self.at + 1 < len(self.parts) else None


class SentenceReader:
    """Reads one block of text into a group of steps."""

    def __init__(self, text: str, progress: Progress) -> None:
        self.text = text
        self.progress = progress
        self.group = Group("text")
        self.labelled: Group | None = None
        progress.condition = None

    def read(self, start: int, end: int, *, is_item: bool) -> Group:
        """Read ``text[start:end]``; ``is_item`` tells that it is a list's item."""
        found = sentences(self.text, start, end)
        announces = self.text[start:end].rstrip().endswith((":", "："))
        for k, sentence in enumerate(found):
            self.progress.sentence += 1
            last = k + 1 == len(found)
            self._sentence(sentence, is_item=is_item and k == 0, announces=last and announces, is_alone=len(found) == 1)
        return self.group

    def _sentence(self, sentence: list[Fragment], *, is_item: bool, announces: bool, is_alone: bool) -> None:
        if _STORY.match(" ".join(f.text for f in sentence[:4])):
            self.group.children.append(_story(sentence, self.progress.sentence))
            return
        if sentence[0].words and sentence[0].words[0].lower in ASIDES:
            return  # "NB the desk closes at five"
        parts = clauses(sentence, self.progress.sentence)
        if announces and parts:
            self.group.lead = [parts.pop()]
        line = _Line(parts, self.group, is_item, is_alone)
        for line.at, clause in enumerate(parts):
            if clause.leads == ":" and leads.rules_out(_lower(clause.words)):
                return
            next(handled for handler in self._HANDLERS if (handled := handler(self, line, clause)))
        if line.pending and line.latest is not None:
            line.latest.mentions.extend(line.pending)

    # -- handlers, each true if it took the clause --

    def _label(self, line: _Line, clause: Clause) -> bool:
        """ "(a) …" opens a member; an arrow after members leaves them."""
        if clause.label:
            if self.labelled is None or clause.label in {"a", "1"}:
                order = "seq" if clause.label.isdigit() else "set"
                self.labelled = Group(order, free=self.progress.sentence == self.progress.free_sentence)
                self.group.children.append(self.labelled)
            line.target = Group("text", label=clause.label)
            self.labelled.children.append(line.target)
        elif clause.delim == "->" and line.target is not self.group:
            line.target = self.group
        return False

    def _remark(self, line: _Line, clause: Clause) -> bool:
        """ "Needs (a)", "can start right away", in words or in brackets."""
        member = line.target is not self.group or line.is_item
        text = _lower(clause.words)
        if _is_remark(clause):
            if remarks.is_free(text):
                line.target.free = True
            else:
                line.target.needs.extend(
                    remarks.references(text) + [r for a in clause.asides for r in remarks.references(_lower(a))]
                )
            return True
        for aside in clause.asides if member else ():
            words = _lower(aside)
            if remarks.is_free(words):
                line.target.free = True
            else:
                line.target.needs.extend(remarks.needs(words) or [])
        if remarks.frees_latest(text) and line.latest is not None and clause.mood != "imp":
            line.latest.is_free = True
            return True
        if remarks.is_mutual(text) and _speaks_of_steps(clause):
            self._set_free(line, clause)
            return True
        return False

    def _set_free(self, line: _Line, clause: Clause) -> None:
        """Order among the steps of the last sentence (or, before a colon, of this one) is lifted."""
        if clause.leads == ":":
            self.progress.free_sentence = self.progress.sentence
            line.target.lead.append(clause)
            return
        steps = self.group.steps()
        if not steps:
            self.progress.free_sentence = self.progress.sentence + 1
            return
        if self.labelled is not None:
            self.labelled.order, self.labelled.free = "set", True
            return
        same = [s for s in steps if s.sentence == steps[-1].sentence]
        for step in same if len(same) > 1 else steps:
            step.loose = self.progress.sentence
        if len(same) == 1:
            same[0].is_spread = True

    def _subordinate(self, line: _Line, clause: Clause) -> bool:
        if not clause.sub or clause.sub == "followed":
            return False
        step = sub_step(clause, self.progress.sentence)
        opens = line.at == 0 or clause.delim in _STARTS_BRANCH or line.latest is None
        if clause.sub in {"if", "when"} and opens:
            line.branch = self.progress.condition = Condition(clause, text=self._quote(clause))
            if step is None:
                return True
        fronted = line.latest is None or clause.delim in {";", ":", "-"} or _takes_front(clause, line.following)
        if step is not None:
            step.mentions.append(Mention("host", clause, fronted=True))
        if fronted or line.latest is None:
            line.pending.append(Mention(clause.sub, clause, fronted=True))
        else:
            line.latest.mentions.append(Mention(clause.sub, clause, fronted=False))
            if clause.sub == "if" and line.latest.condition is None:
                # "Promote it if p99 holds, else revert": what "else" denies.
                self.progress.condition = line.latest.condition = Condition(clause, text=self._quote(clause))
        if step is not None:
            line.target.children.append(step)
        return True

    def _adverb_lead(self, line: _Line, clause: Clause) -> bool:
        """ "In parallel: …"."""
        if clause.mood != "adv" or clause.leads != ":":
            return False
        self._announce(line, clause)
        return True

    def _announce(self, line: _Line, clause: Clause) -> None:
        line.target.lead.append(clause)
        if clause.has_cue("parallel"):
            self.progress.free_sentence = self.progress.sentence

    def _test(self, line: _Line, clause: Clause) -> bool:
        answered = leads.answer(clause)
        if not answered and not leads.is_test(clause):
            return False
        base = self.progress.condition.clause if answered == "no" and self.progress.condition else clause
        line.branch = self.progress.condition = Condition(
            base, otherwise=answered == "no", text=self._quote(clause), is_test=True
        )
        if line.following is not None and line.following.delim == "->":
            line.following.delim = ":"
        return True

    def _main(self, line: _Line, clause: Clause) -> bool:
        judgement = judge(clause, line.previous, line.following)
        line.previous = judgement
        if clause.delim == ";":
            line.branch = None
            line.pending = [m for m in line.pending if m.clause.delim == ";"]
        if clause.has_cue("affirm"):
            words = next(w for r, w in clause.cues if r == "affirm")
            line.branch = self.progress.condition = Condition(Clause([]), text=words, is_test=True)
        if _is_range(clause.front) and self.progress.condition is not None:
            words = self._quote(Clause(clause.front))
            line.branch = self.progress.condition = Condition(Clause(clause.front), text=words, is_test=True)
        if _is_alternative(line, clause):
            line.branch = _alternative(line, clause)
        if clause.has_cue("else"):
            words = next(w for r, w in clause.cues if r == "else")
            base = self.progress.condition
            if base and not self._asks_anew(base, words):
                line.branch = Condition(base.clause, otherwise=not base.otherwise, text="otherwise")
            else:  # "If they fail, roll back": the counterpart of nothing that was said is a condition of its own
                line.branch = Condition(clause, text=words, is_test=True)
                self.progress.condition = line.branch
        if clause.has_cue("join"):
            line.branch = None
        elif _sorts_out(clause) and judgement.kind in {"described", "task", "wish"}:
            line.branch = Condition(Clause(clause.subject), text=self._quote(Clause(clause.subject)), is_test=True)
        announcing = leads.announces(clause, judgement, line.parts, line.at)
        step = None if announcing else self._step(line, clause, judgement)
        if step is None:
            self._no_step(line, clause, judgement, announcing=announcing)
        else:
            self._take(line, clause, step)
        return True

    _HANDLERS: tuple[Callable[[SentenceReader, _Line, Clause], bool], ...] = (
        _label,
        _remark,
        _subordinate,
        _adverb_lead,
        _test,
        _main,
    )

    # -- main clauses --

    def _no_step(self, line: _Line, clause: Clause, judgement: Judgement, *, announcing: bool) -> None:
        if announcing:
            self._announce(line, clause)
        last = line.at + 1 == len(line.parts)
        if last and clause.has_cue("parallel") and judgement.kind in {"note", "goal"}:
            self.progress.free_sentence = self.progress.sentence + 1
        if judgement.kind == "note" and _speaks_for_all(clause):
            _bind_all(line, clause)
        line.context = clause.words
        if judgement.kind in {"negated", "note", "constraint"} and clause.delim not in {",", "and"}:
            line.pending = []

    def _take(self, line: _Line, clause: Clause, step: Step) -> None:
        step.condition = line.branch
        if step.condition is None:
            self.progress.passed = self.progress.condition
        if self.progress.sentence == self.progress.free_sentence and self.labelled is None:
            step.loose = self.progress.sentence
        step.mentions.extend(line.pending)
        step.context, line.context = line.context, []
        if line.target.lead and line.at and line.parts[line.at - 1] is line.target.lead[-1]:
            step.lead = _lower(line.target.lead[-1].words)
        step.is_because = clause.delim == ", so" and line.latest is not None and line.latest.sentence == step.sentence
        line.pending = []
        line.target.children.append(step)
        line.latest = step

    def _asks_anew(self, base: Condition, words: str) -> bool:
        """ "If it fails, roll back. Run the smoke tests. If they fail, page somebody": the failure of something else."""
        if not fails(words):
            return False
        return base is self.progress.passed or trigger_rule(base) is TriggerRule.ANY_FAILED

    def _step(self, line: _Line, clause: Clause, judgement: Judgement) -> Step | None:
        if not clause.words:
            return None  # the number of a list's item with nothing behind it
        number = self.progress.sentence
        verb = clause.words[judgement.verb] if judgement.verb >= 0 else None
        if clause.again:
            return _again(line, clause, number)
        kind = judgement.kind
        if kind == "constraint":
            kind = "task" if (line.is_item and line.at == 0) or clause.label or clause.cues else "note"
        if kind == "phrase":
            kind = "task" if self._is_step(line, clause) else "note"
        if kind == "happening":
            return Step(clause, None, clause.words, sentence=number)
        if kind not in {"task", "wish", "described"}:
            return None
        words = clause.words
        if clause.antecedent:
            words = [*clause.antecedent, *clause.words[1:]]
        return Step(clause, verb, words, sentence=number, soft=_doubt(kind, clause))

    def _is_step(self, line: _Line, clause: Clause) -> bool:
        """Whether a noun phrase alone is work: in a list, a chain of arrows, or after "then"."""
        if clause.sub == "followed" or clause.delim == "->" or clause.leads == "->" or clause.label:
            return True
        if line.is_item and (line.is_alone or line.at == 0):
            return True
        if clause.has_cue("then") or clause.has_cue("finally"):
            return True
        before = line.parts[line.at - 1] if line.at else None
        if clause.delim == ":" and before is not None and before.leads == ":":
            lists = (
                before.mood == "adv"
                or before.has_cue("parallel")
                or (before.mood == "imp" and before.lemma in inflect.KIND_OF)
            )
            lists = lists or leads.lists_work(_lower(before.words))
            return bool(line.target.lead) and clause.mood == "np" and (names_action(clause.words) or lists)
        return clause.mood == "ger"

    def _quote(self, clause: Clause) -> str:
        return " ".join(self.text[clause.words[0].start : clause.words[-1].end].split()) if clause.words else ""


def _doubt(kind: str, clause: Clause) -> str:
    if kind == "wish":
        first = clause.subject[0].lower if clause.subject else ""
        return "goal" if first in {"we", "i", "we'd", "i'd"} and clause.lemma in {"want", "like", "love"} else ""
    return "described" if kind == "described" else ""


def _again(line: _Line, clause: Clause, number: int) -> Step:
    """An object that takes up the verb of the command before it."""
    verb = next((p.words[p.verb] for p in reversed(line.parts[: line.at]) if p.mood == "imp" and p.verb >= 0), None)
    words = [w for w in clause.words if not (w.tag == "RB" and w.role)]
    return Step(clause, verb, [verb, *words] if verb else words, sentence=number)


def _story(sentence: list[Fragment], number: int) -> Step:
    """ "As a clerk I want to see …": one wish, however long."""
    words = [w for f in sentence for w in f.words]
    verb = next((w for k, w in enumerate(words) if w.tag == "V" and k > 3 and words[k - 1].tag == "TO"), None)
    return Step(Clause(words, mood="fin", sentence=number), verb, words, sentence=number)


def _is_remark(clause: Clause) -> bool:
    text = _lower(clause.words)
    if clause.sub and clause.sub not in {"after", "when"}:
        return False
    if remarks.is_free(text):
        return clause.mood in {"cont", "np", "pp"} and not clause.leads
    return remarks.only_references(text) and (bool(clause.asides) or bool(remarks.references(text)))


def _speaks_of_steps(clause: Clause) -> bool:
    """ "These two are independent", "do them at the same time": about the steps, not about a thing of the work."""
    if clause.mood == "imp":
        return clause.lemma in {"do", "run", "start", "execute", "perform", "handle", "tackle"} and any(
            w.tag == "PRP" or w.lower in {"both", "all", "these"} for w in clause.words
        )
    subject = clause.subject or clause.words[:3]
    return bool({w.lower for w in subject} & _MUTUAL_SUBJECTS)


def _speaks_for_all(clause: Clause) -> bool:
    """ "All three must agree before …": nothing to do, but what follows waits for all of them."""
    return bool(clause.subject) and clause.subject[0].lower in {
        "all",
        "both",
        "everything",
        "everyone",
        "everybody",
        "each",
    }


def _sorts_out(clause: Clause) -> bool:
    """ "Files which are broken are moved …": the subject says which cases it is about."""
    words = clause.subject
    if words and words[0].lower in {"anything", "whatever", "anyone", "anybody", "whoever"}:
        return True
    return (
        any(w.tag == "WH" and w.lower in {"which", "that", "who", "whose"} for w in words[1:])
        and any(w.tag in {"VZ", "V", "BE", "VD", "MD", "HV"} for w in words)
        and clause.mood == "fin"
    )


def _is_range(front: list[Word]) -> bool:
    """ "Between 600 and 700, …", "below that, …": a further case of a test."""
    if not front or front[0].lower not in {"between", "above", "below", "under", "over", "beyond"}:
        return False
    return all(w.tag in {"IN", "CD", "PRP", "DT", "CC", "N"} for w in front) and any(
        w.tag == "CD" or w.lower in {"that", "this"} for w in front
    )


def _is_alternative(line: _Line, clause: Clause) -> bool:
    """ "Either renew it or shut it down": two steps, of which one is done."""
    if clause.mood != "imp":
        return False
    either = any(w.lower == "either" for w in clause.words[: max(clause.verb, 0)])
    return (either and line.following is not None and "or" in line.following.delim.split()) or bool(
        line.at and "or" in clause.delim.split() and any(w.lower == "either" for w in line.parts[line.at - 1].words)
    )


def _alternative(line: _Line, clause: Clause) -> Condition:
    if "or" in clause.delim.split() and line.latest is not None and line.latest.condition is not None:
        return Condition(line.latest.condition.clause, otherwise=True, text="or", is_test=True)
    pending = next((m.clause for m in line.pending), None)
    return Condition(
        line.branch.clause if line.branch else pending or clause,
        text=line.branch.text if line.branch else "either",
        is_test=line.branch is not None,
    )


def _bind_all(line: _Line, clause: Clause) -> None:
    for later in line.parts[line.at + 1 :]:
        if later.sub == "before":
            later.cues.append(("finally", _lower(clause.words)))
            return


def _takes_front(clause: Clause, following: Clause | None) -> bool:
    """ ", once X is done, deploy": a subordinate clause between commas belongs to what follows."""
    return (
        clause.delim.startswith(",")
        and following is not None
        and following.delim == ","
        and following.mood in {"imp", "fin"}
    )


def _lower(words: list[Word]) -> str:
    return " ".join(w.lower for w in words)


# --- work in subordinate clauses -----------------------------------------------------------------------------------

_COMING = frozenset({"is", "are", "gets", "get", "being", "finally", "then", "can", "be", "may", "could"})
_BESIDE = ("alongside", "in parallel", "parallel", "together", "concurrently", "simultaneously")


def sub_step(clause: Clause, number: int) -> Step | None:
    """Work told in a subordinate clause: "while QA tests the build", "before deploying it", "after cleaning the data"."""
    if clause.verb < 0:
        said = [w for w in clause.words if w.tag != "SC"]
        beside = clause.sub == "parallel" and clause.sub_words.startswith(_BESIDE) and names_action(said)
        return Step(clause, None, clause.words, sentence=number, soft="sub") if beside else None
    verb = clause.words[clause.verb]
    if clause.sub not in {"before", "after", "parallel"} or verb.lemma not in inflect.KIND_OF:
        return None
    has_object = len(clause.words) - clause.verb > 1
    if clause.mood == "ger":
        return Step(clause, verb, clause.words, sentence=number, soft="sub") if has_object else None
    if clause.mood != "fin" or not clause.subject:
        return None
    if (
        clause.sub == "before"
        and verb.tag == "VN"
        and {w.lower for w in clause.aux} <= _COMING
        and clause.sub_words not in {"until", "till"}
    ):
        return (
            Step(clause, verb, clause.words, sentence=number, soft="sub")
            if has_object and judge(clause, None).kind in {"described", "task"}
            else None
        )
    if clause.aux:
        return None
    first = clause.subject[0].lower
    if first in {"you", "we"}:
        return (
            Step(clause, verb, clause.words, sentence=number, soft="sub")
            if verb.tag == "V" and len(clause.words) - clause.verb > 2
            else None
        )
    if clause.sub == "after" or first in {"i", "it", "they", "this", "that"} or verb.tag not in {"V", "VZ"}:
        return None
    return Step(clause, verb, clause.words, sentence=number, soft="sub") if judge(clause, None).kind == "task" else None
