"""Reading a whole description: its layout into a tree of groups, its sentences into steps."""

from __future__ import annotations

from taskdist.engine.text import annotations as remarks
from taskdist.engine.text import blocks as layout
from taskdist.engine.text import leads
from taskdist.engine.text.blocks import Block
from taskdist.engine.text.fragments import sentences
from taskdist.engine.text.groups import Group
from taskdist.engine.text.sentence_reader import Progress, SentenceReader
from taskdist.engine.text.step import Step

_LONGEST_TITLE = 80


def read(text: str) -> Group:
    """Read ``text`` into a tree whose leaves are steps in reading order."""
    return _LayoutReader(text).read(layout.parse(text))


class _LayoutReader:
    """Turns blocks into groups: runs of items into lists, headings into sections."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.progress = Progress()

    def read(self, found: list[Block]) -> Group:
        group = Group("text")
        runs = _runs(found)
        for k, run in enumerate(runs):
            above_items = k + 1 < len(runs) and runs[k + 1][0].kind == "item"
            if run[0].kind == "para":
                self._paragraphs(run, group, above_items=above_items)
            elif run[0].kind == "heading":
                self._sections(run, group)
            else:
                self._items(run, group)
        return group

    def _paragraphs(self, run: list[Block], group: Group, *, above_items: bool) -> None:
        for block in run:
            if not (above_items and block is run[-1] and self._is_title(block)):
                group.children.append(self._text(block))

    def _sections(self, run: list[Block], group: Group) -> None:
        phased = run[0].marker == "phase"
        sections = Group("seq" if phased else "text", phases=phased)
        for block in run:
            if not leads.rules_out(self._words(block)):
                sections.children.append(self._section(block))
        group.children.append(sections)

    def _items(self, run: list[Block], group: Group) -> None:
        items = Group("seq" if run[0].marker == "number" else "set")
        above = group.children[-1] if group.children else None
        if isinstance(above, Group) and above.lead:
            items.lead = above.lead
            if leads.rules_out(" ".join(w.lower for w in above.lead[-1].words)):
                return
        for block in run:
            if not block.done:
                items.children.append(self._item(block))
        group.children.append(items)

    def _text(self, block: Block, *, is_item: bool = False) -> Group:
        return SentenceReader(self.text, self.progress).read(block.start, block.end, is_item=is_item)

    def _words(self, block: Block) -> str:
        return " ".join(self.text[block.start : block.end].lower().split())

    def _is_title(self, block: Block) -> bool:
        """A few words without a verb right above a list name it."""
        text = self.text[block.start : block.end].rstrip()
        if text.endswith((".", ":", ";", "!", "?")) or len(text) > _LONGEST_TITLE:
            return False
        found = sentences(self.text, block.start, block.end)
        return not found or not any(w.tag in {"V", "MD", "BE", "VZ"} for w in found[0][0].words)

    def _section(self, block: Block) -> Group:
        if not block.children:
            return (
                self._text(block)
                if block.marker == "phase" and block.end > block.start
                else Group("text", label=block.label)
            )
        section = self.read(block.children)
        section.label = block.label
        for sentence in sentences(self.text, block.start, block.end):
            for aside in (a for fragment in sentence for a in fragment.asides):
                words = " ".join(w.lower for w in aside)
                section.free = section.free or remarks.is_free(words)
                section.needs.extend(remarks.needs(words) or [])
        return section

    def _item(self, block: Block) -> Group:
        own = self._text(block, is_item=True)
        own.label = block.label
        if not block.children or leads.rules_out(self._words(block)):
            return own if not block.children else Group("text", label=block.label)
        inner = self.read(block.children)
        below = inner.steps()
        if not below or _are_details(below, own.steps()):
            return own
        out = Group("text", label=block.label, lead=own.lead, needs=own.needs, free=own.free)
        if not _is_group_name(own.steps(), below):
            out.children.append(own)
        out.children.append(inner)
        return out


def _runs(found: list[Block]) -> list[list[Block]]:
    runs: list[list[Block]] = []
    for block in found:
        if runs and _belong_together(runs[-1][-1], block):
            runs[-1].append(block)
        else:
            runs.append([block])
    return runs


def _belong_together(a: Block, b: Block) -> bool:
    if a.kind != b.kind:
        return False
    if a.kind == "item":
        return (a.marker == "number") == (b.marker == "number")
    return a.marker == b.marker


def _are_details(below: list[Step], own: list[Step]) -> bool:
    """Children that are mere phrases below a real task describe it."""
    return bool(own) and own[0].verb is not None and all(s.verb is None for s in below)


def _is_group_name(own: list[Step], below: list[Step]) -> bool:
    """A parent whose children are work of their own only names the group."""
    return not own or all(s.verb is not None for s in below) or (len(own) == 1 and own[0].verb is None)
