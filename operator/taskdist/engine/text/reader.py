"""Reading a whole description: layout, sentences and clauses into a tree of groups whose leaves are steps."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from taskdist.engine.text import blocks as layout
from taskdist.engine.text import annotations, inflect
from taskdist.engine.text.blocks import Block
from taskdist.engine.text.clauses import Clause, clauses
from taskdist.engine.text.fragments import Fragment, sentences
from taskdist.engine.text.steps import Condition, Judgement, Mention, Step, judge, names_action
from taskdist.engine.text.tags import Word

_COMPARISONS = frozenset(
    "≥ ≤ < > = below above under over yes no ok fail fails failed failure success successful pass passes passed green red error errors found approved rejected".split()
)
_GENERIC = frozenset(
    "following these this steps step things thing tasks task items item order points point jobs job list plan below actions action workstreams tracks todo todos to-do stuff checklist".split()
)


@dataclass(slots=True)
class Group:
    """Steps that stand together: ``order`` is ``seq`` (written order holds), ``set`` (a list) or ``text`` (prose).

    ``label`` is what references call it ("3", "b"); ``cues`` and ``lead`` come from the words that introduce it.
    """

    order: str
    children: list[Group | Step] = field(default_factory=list)
    label: str = ""
    lead: list[Clause] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    free: bool = False
    phases: bool = False
    name: list[Word] = field(default_factory=list)

    def steps(self) -> list[Step]:
        """All steps in it, in reading order."""
        out: list[Step] = []
        for child in self.children:
            if isinstance(child, Step):
                out.append(child)
            else:
                out.extend(child.steps())
        return out


@dataclass(slots=True)
class _Reader:
    text: str
    sentence: int = 0
    condition: Condition | None = None
    free_sentence: int = -1

    # -- layout --

    def read_blocks(self, found: list[Block], order: str = "text") -> Group:
        group = Group(order)
        run: list[Block] = []
        for block in [*found, None]:
            if block is not None and run and _same_run(run[-1], block):
                run.append(block)
                continue
            if run:
                self._close_run(run, group, before_items=block is not None and block.kind == "item")
            run = [block] if block is not None else []
        return group

    def _close_run(self, run: list[Block], group: Group, *, before_items: bool) -> None:
        first = run[0]
        if first.kind == "para":
            for block in run:
                if before_items and block is run[-1] and self._is_title(block):
                    continue
                group.children.append(self.read_text(block))
            return
        if first.kind == "heading":
            phased = first.marker == "phase"
            inner = Group("seq" if phased else "text", phases=phased)
            for block in run:
                inner.children.append(self._section(block))
            group.children.append(inner)
            return
        inner = Group("seq" if first.marker == "number" else "set")
        lead = group.children[-1] if group.children else None
        if isinstance(lead, Group) and lead.lead:
            inner.lead = lead.lead
        for block in run:
            if not block.done:
                inner.children.append(self._item(block))
        group.children.append(inner)

    def _is_title(self, block: Block) -> bool:
        """A few words without a verb right above a list name it."""
        text = self.text[block.start : block.end].rstrip()
        if text.endswith((".", ":", ";", "!", "?")) or len(text) > 80:
            return False
        found = sentences(self.text, block.start, block.end)
        parts = clauses(found[0], 0) if found else []
        return not parts or parts[0].mood in {"np", "pp", "adv", "ger"}

    def _section(self, block: Block) -> Group:
        name = Group("text", label=block.label)
        if block.children:
            section = self.read_blocks(block.children)
            section.label = block.label
            self._annotate_section(section, block)
            return section
        if block.marker == "phase" and block.end > block.start:
            name.children.append(self.read_text(block))
        return name

    def _annotate_section(self, section: Group, block: Block) -> None:
        for sentence in sentences(self.text, block.start, block.end):
            for fragment in sentence:
                section.name.extend(fragment.words)
                for aside in fragment.asides:
                    _annotate(section, aside)

    def _item(self, block: Block) -> Group:
        own = self.read_text(block, item=True)
        own.label = block.label
        if not block.children:
            return own
        inner = self.read_blocks(block.children)
        below = inner.steps()
        if not below or _are_details(inner, own):
            return own
        out = Group("text", label=block.label, needs=own.needs, free=own.free)
        out.name = [w for s in own.steps() for w in s.words] or own.name
        heads = _is_group_name(own, below)
        if not heads:
            out.children.append(own)
        out.lead = own.lead
        out.children.append(inner)
        return out

    # -- sentences --

    def read_text(self, block: Block, *, item: bool = False) -> Group:
        group = Group("text")
        self.condition = None
        found = sentences(self.text, block.start, block.end)
        ends_in_colon = self.text[block.start : block.end].rstrip().endswith((":", "：", "-"))
        labelled: Group | None = None
        for k, sentence in enumerate(found):
            self.sentence += 1
            last = k + 1 == len(found)
            labelled = self._read_sentence(
                sentence, group, labelled, item=item and k == 0, lead=last and ends_in_colon, alone=len(found) == 1
            )
        return group

    def _read_sentence(
        self, sentence: list[Fragment], group: Group, labelled: Group | None, *, item: bool, lead: bool, alone: bool
    ) -> Group | None:
        parts = clauses(sentence, self.sentence)
        if _is_story(sentence):
            group.children.append(_story(sentence, self.sentence))
            return None
        if lead:
            group.lead = [parts[-1]] if parts else []
            parts = parts[:-1] if parts and _only_leads(parts[-1]) else parts
        target = group
        pending: list[Mention] = []
        previous: Judgement | None = None
        latest: Step | None = None
        branch: Condition | None = None
        context: list[Word] = []
        for i, clause in enumerate(parts):
            following = parts[i + 1] if i + 1 < len(parts) else None
            if clause.label:
                if labelled is None or clause.label in {"a", "1"}:
                    labelled = Group(
                        "seq" if clause.label.isdigit() else "set", free=self.sentence == self.free_sentence
                    )
                    target_parent = group
                    target_parent.children.append(labelled)
                member = Group("text", label=clause.label)
                labelled.children.append(member)
                target = member
            elif clause.delim == "->" and labelled is not None and target is not group:
                target = group
            if _is_annotation(clause):
                _annotate_clause(target, clause)
                continue
            for aside in clause.asides:
                _annotate(target if clause.label or item else Group("text"), aside)
            if clause.sub and clause.sub not in {"followed"}:
                step = _sub_step(clause, self.sentence)
                if clause.sub in {"if", "when"} and (
                    i == 0 or clause.delim in {";", ",", ", but", ", and", "but", ":", "and", "-"} or latest is None
                ):
                    branch = self.condition = Condition(clause, text=_words_text(self.text, clause))
                    if step is None:
                        continue
                mention = Mention(clause.sub, clause, fronted=latest is None or clause.delim in {";", ":", "-"})
                if step is not None:
                    step.mentions.append(Mention("host", clause, fronted=True))
                if (
                    latest is not None
                    and not mention.fronted
                    and not (clause.delim.startswith(",") and following is not None and _takes_front(clause, following))
                ):
                    latest.mentions.append(mention)
                else:
                    pending.append(mention)
                if step is not None:
                    step.link = f"sub:{clause.sub}"
                    target.children.append(step)
                continue
            if clause.mood == "adv" and clause.leads == ":":
                target.lead.append(clause)
                if clause.has_cue("parallel"):
                    self.free_sentence = self.sentence
                continue
            answer = _answer(clause)
            if answer or _is_condition_phrase(clause):
                branch = Condition(clause, otherwise=answer == "no", text=_words_text(self.text, clause))
                if answer == "no" and self.condition is not None:
                    branch = Condition(clause, otherwise=True, text=_words_text(self.text, clause))
                self.condition = branch
                continue
            if annotations.is_mutual(_lower(clause.words)) and _is_remark_on_steps(clause):
                self._set_free(group, parts, i)
                continue
            judgement = judge(clause, previous)
            if clause.delim == ";" and not clause.has_cue("else"):
                branch = None
            if clause.delim == ";":
                pending = [m for m in pending if m.clause.delim == ";"]
            if clause.has_cue("else"):
                branch = Condition(
                    self.condition.clause if self.condition else clause, otherwise=True, text="otherwise"
                )
            if clause.has_cue("join"):
                branch = None
            step = self._step(clause, judgement, parts, i, item=item and i == 0, alone=alone, target=target)
            if step is None and _leads(clause, judgement, parts, i):
                target.lead.append(clause)
                if clause.has_cue("parallel"):
                    self.free_sentence = self.sentence
            previous = judgement
            if step is None:
                if i + 1 == len(parts) and clause.has_cue("parallel") and judgement.kind in {"note", "goal"}:
                    self.free_sentence = self.sentence + 1
                if judgement.kind == "note" and _binds_all(clause):
                    _bind_all(target, clause, parts, i)
                context = clause.words
                if judgement.kind in {"negated", "note", "constraint"} and clause.delim not in {",", "and"}:
                    pending = []
                continue
            step.condition = branch
            if self.sentence == self.free_sentence and labelled is None:
                step.loose = self.sentence
            step.mentions.extend(pending)
            step.context, context = context, []
            if target.lead and i and parts[i - 1] is target.lead[-1]:
                step.lead = " ".join(w.lower for w in target.lead[-1].words)
            pending = []
            target.children.append(step)
            latest = step
        if pending and latest is not None:
            latest.mentions.extend(pending)
        return labelled

    def _set_free(self, group: Group, parts: list[Clause], i: int) -> None:
        """Order among the steps of the last sentence (or, before a colon, of this one) is lifted."""
        if parts[i].leads == ":":
            self.free_sentence = self.sentence
            return
        steps = group.steps()
        sentence = steps[-1].sentence if steps else 0
        mine = (
            [s for s in steps if s.sentence == sentence]
            if len([s for s in steps if s.sentence == sentence]) > 1
            else steps
        )
        for step in mine:
            step.loose = self.sentence
        if not steps:
            self.free_sentence = self.sentence + 1

    def _step(
        self,
        clause: Clause,
        judgement: Judgement,
        parts: list[Clause],
        i: int,
        *,
        item: bool,
        alone: bool,
        target: Group,
    ) -> Step | None:
        kind = judgement.kind
        if _leads(clause, judgement, parts, i):
            return None
        verb = clause.words[judgement.verb] if judgement.verb >= 0 else None
        soft = ""
        if kind == "wish":
            soft = (
                "goal"
                if clause.subject
                and clause.subject[0].lower in {"we", "i", "we'd", "i'd"}
                and clause.lemma in {"want", "like", "love"}
                else ""
            )
        elif kind == "described":
            soft = "described"
        elif kind == "happening":
            return Step(clause, None, clause.words, sentence=self.sentence)
        elif kind == "constraint":
            if not (item or clause.label or clause.cues):
                return None
        elif kind == "phrase":
            if not self._phrase_is_step(clause, parts, i, item=item, alone=alone, target=target):
                return None
        elif kind != "task":
            return None
        return Step(clause, verb, clause.words, sentence=self.sentence, soft=soft)

    def _phrase_is_step(
        self, clause: Clause, parts: list[Clause], i: int, *, item: bool, alone: bool, target: Group
    ) -> bool:
        if clause.sub == "followed" or clause.delim == "->" or clause.leads == "->" or clause.label or clause.again:
            return True
        if item and (alone or i == 0):
            return True
        if clause.has_cue("then") or clause.has_cue("finally"):
            return True
        if clause.delim == ":" and i > 0 and parts[i - 1].leads == ":":
            lead = parts[i - 1]
            listing = (
                lead.mood == "adv" or (lead.mood == "imp" and lead.lemma in inflect.KIND_OF) or lead.has_cue("parallel")
            )
            return bool(target.lead) and clause.mood == "np" and (names_action(clause.words) or listing)
        return clause.mood == "ger"


def _binds_all(clause: Clause) -> bool:
    """ "All three must agree before …": nothing to do, but what follows waits for all of them."""
    return bool(clause.subject) and clause.subject[0].lower in {
        "all",
        "both",
        "everything",
        "everyone",
        "everybody",
        "each",
    }


def _bind_all(target: Group, clause: Clause, parts: list[Clause], i: int) -> None:
    for later in parts[i + 1 :]:
        if later.sub == "before":
            later.cues.append(("finally", " ".join(w.lower for w in clause.words)))
            return


def _is_remark_on_steps(clause: Clause) -> bool:
    """ "These two are independent": its subject is the steps, not a thing of the work."""
    subject = clause.subject or clause.words[:3]
    return (
        bool(
            {w.lower for w in subject}
            & {
                "these",
                "they",
                "both",
                "all",
                "neither",
                "none",
                "order",
                "those",
                "two",
                "three",
                "four",
                "following",
                "we",
                "this",
                "that",
                "tasks",
                "steps",
                "jobs",
                "tracks",
                "things",
                "which",
            }
        )
        and clause.mood != "imp"
    )


def _only_leads(clause: Clause) -> bool:
    return True


def _same_run(a: Block, b: Block) -> bool:
    if a.kind != b.kind:
        return False
    if a.kind == "item":
        return (a.marker == "number") == (b.marker == "number")
    return a.marker == b.marker


def _takes_front(clause: Clause, following: Clause) -> bool:
    """ ", once X is done, deploy": a subordinate clause between commas belongs to what follows."""
    return following.delim == "," and following.mood in {"imp", "fin"}


def _words_text(text: str, clause: Clause) -> str:
    return " ".join(text[clause.words[0].start : clause.words[-1].end].split()) if clause.words else ""


def _leads(clause: Clause, judgement: Judgement, parts: list[Clause], i: int) -> bool:
    """A clause before a colon only announces what follows if that is work of its own."""
    if clause.leads != ":" or i + 1 >= len(parts):
        return False
    following = parts[i + 1]
    if judgement.kind in {"note", "phrase", "goal", "described"} or clause.mood in {"np", "adv", "pp"}:
        return True
    tail = {w.lower for w in clause.words[clause.verb + 1 :]} if clause.verb >= 0 else set()
    if following.sub in {"if", "when"}:
        return False
    if tail & _GENERIC or not tail:
        return True
    return following.mood in {"imp", "ger"} or bool(following.label)


_STORY = re.compile(r"as an? .{1,80}?\b(?:i|we)(?:'d| would)? (?:want|need|like|can|should|must)\b", re.DOTALL)


def _is_story(sentence: list[Fragment]) -> bool:
    """ "As a clerk I want to see …": one wish, however long."""
    return bool(_STORY.match(" ".join(f.text for f in sentence[:4])))


def _story(sentence: list[Fragment], number: int) -> Step:
    words = [w for f in sentence for w in f.words]
    clause = Clause(words, mood="fin", sentence=number)
    verb = next((w for k, w in enumerate(words) if w.tag == "V" and k > 3 and words[k - 1].tag == "TO"), None)
    return Step(clause, verb, words, sentence=number)


# --- annotations ---------------------------------------------------------------------------------------------------


def _is_annotation(clause: Clause) -> bool:
    text = _lower(clause.words)
    if clause.sub and clause.sub not in {"after", "when"}:
        return False
    if annotations.is_free(text):
        return clause.mood in {"cont", "np", "pp"} and not clause.leads
    return annotations.only_references(text) and (bool(clause.asides) or bool(annotations.references(text)))


def _annotate_clause(group: Group, clause: Clause) -> None:
    text = _lower(clause.words)
    if annotations.is_free(text):
        group.free = True
        return
    group.needs.extend(annotations.references(text))
    for aside in clause.asides:
        group.needs.extend(annotations.references(_lower(aside)))


def _annotate(group: Group, aside: list[Word]) -> None:
    text = _lower(aside)
    if annotations.is_free(text):
        group.free = True
    else:
        group.needs.extend(annotations.needs(text) or [])


def _lower(words: list[Word]) -> str:
    return " ".join(w.lower for w in words)


def _are_details(inner: Group, own: Group) -> bool:
    """Children that are mere phrases below a real task describe it."""
    return bool(own.steps()) and not _is_bare(own) and all(s.verb is None for s in inner.steps())


def _is_bare(own: Group) -> bool:
    steps = own.steps()
    return len(steps) == 1 and steps[0].verb is None


def _is_group_name(own: Group, below: list[Step]) -> bool:
    """A parent whose children are work of their own names the group, unless it has words enough to be work itself and they do not cover it."""
    steps = own.steps()
    return not steps or all(s.verb is not None for s in below) or _is_bare(own)


def _answer(clause: Clause) -> str:
    text = " ".join(w.lower for w in clause.words)
    if text in {"yes", "if yes", "if so", "yes if so", "y"}:
        return "yes"
    return "no" if text in {"no", "n", "if no"} and clause.leads else ""


def _is_condition_phrase(clause: Clause) -> bool:
    """ "Confidence ≥ 0.9 → …", "below that → …": what stands before an arrow may be a test."""
    return (
        clause.leads in {"->", ":"}
        and clause.mood in {"np", "pp", "part"}
        and bool({w.lower for w in clause.words} & _COMPARISONS)
        and not names_action(clause.words)
    )


def _sub_step(clause: Clause, sentence: int) -> Step | None:
    """Work told in a subordinate clause: "while QA tests the build", "before deploying it", "after cleaning the data"."""
    if clause.verb < 0:
        if (
            clause.sub == "parallel"
            and clause.sub_words.startswith(
                ("alongside", "in parallel", "parallel", "together", "concurrently", "simultaneously")
            )
            and names_action(clause.words)
        ):
            return Step(clause, None, clause.words, sentence=sentence, soft="sub")
        return None
    verb = clause.words[clause.verb]
    if clause.sub in {"before", "after", "parallel"} and clause.mood == "ger" and len(clause.words) - clause.verb > 1:
        return Step(clause, verb, clause.words, sentence=sentence, soft="sub")
    judgement = judge(clause, None) if clause.mood == "fin" else Judgement("note")
    by_others = bool(clause.subject) and clause.subject[0].lower not in {"you", "we", "i", "it", "they", "this", "that"}
    if (
        clause.sub in {"parallel", "before"}
        and judgement.kind == "task"
        and verb.tag in {"V", "VZ"}
        and not clause.aux
        and by_others
    ):
        return Step(clause, verb, clause.words, sentence=sentence, soft="sub")
    if (
        clause.sub in {"before", "after", "parallel"}
        and clause.mood == "fin"
        and verb.tag == "V"
        and not clause.aux
        and clause.subject
        and clause.subject[0].lower in {"you", "we"}
        and len(clause.words) - clause.verb > 2
    ):
        return Step(clause, verb, clause.words, sentence=sentence, soft="sub")
    return None


def read(text: str) -> Group:
    """Read ``text`` into a tree; steps are numbered in reading order."""
    reader = _Reader(text)
    root = reader.read_blocks(layout.parse(text))
    for number, step in enumerate(root.steps()):
        step.number = number
    return root
