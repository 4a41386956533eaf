"""The layout of a description: paragraphs, headings, bullets and numbered items, nested by indentation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_BULLET = r"(?P<bullet>[-*+•–—◦▪‣·●○∙»>✓✔☐☑→])(?=\s)"
_CHECKBOX = r"(?P<box>\[(?P<tick>[ xX✓✔-]?)\]|☐|☑|✅|✓|✔)"
_NUMBER = r"(?P<open>\()?(?P<number>\d{1,3}(?:\.\d{1,2}){0,3}|[ivx]{1,4}|[A-Za-z])(?P<close>[.):]|\.\))(?=\s)"
_STEP = r"(?P<step>(?:step|task|item|no\.?|#)\s*(?P<stepno>\d{1,3}|[a-z])(?:\s*[.):–—-]|(?=\s*:))):?\s"
_MARKER = re.compile(
    rf"^(?P<indent>[ \t]*)(?:(?:[-*+•–—]\s+)?{_CHECKBOX}\s*|{_STEP}|{_BULLET}\s*|{_NUMBER}\s*)", re.IGNORECASE
)
_PHASE = re.compile(
    r"^[ \t#*_]*(?P<name>(?:phase|stage|part|milestone|week|day|sprint|wave|round|iteration|block|act|step|track"
    r"|workstream|stream|lane|team|group)\s+(?P<no>\d{1,3}|[ivx]{1,4}|[a-z]|one|two|three|four|five|six)\b)"
    r"[ \t]*(?:\((?P<note>[^)\n]*)\))?[ \t*_]*(?P<sep>[:.–—-]|$)[ \t]*",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|={2,}[ \t]*)(?P<text>.*?)[ \t#=]*$")
_BOLD = re.compile(r"^[ \t]*(?:\*\*|__)(?P<text>[^*_\n]{1,120}?)(?:\*\*|__):?[ \t]*$")
_RULE = re.compile(r"^[ \t]*[-=*_~]{3,}[ \t]*$")


@dataclass(slots=True)
class Block:
    """A piece of layout: ``para``, ``item`` or ``heading``; ``start`` and ``end`` bound its own text without its marker.

    ``marker`` is ``bullet``, ``number``, ``letter``, ``phase`` or ``""``; ``label`` what a reference to it would say ("3", "b");
    ``done`` is true for a ticked box.
    """

    kind: str
    start: int
    end: int
    indent: int = 0
    marker: str = ""
    label: str = ""
    done: bool = False
    note: str = ""
    children: list[Block] = field(default_factory=list)


def parse(text: str) -> list[Block]:
    """Cut ``text`` into a forest of blocks in reading order."""
    flat = _flat(text)
    return _nest(_plain_lists(text, flat))


def _flat(text: str) -> list[Block]:
    blocks: list[Block] = []
    offset = 0
    open_block: Block | None = None
    for line in text.split("\n"):
        start, end = offset, offset + len(line)
        offset = end + 1
        if not line.strip() or _RULE.match(line):
            open_block = None
            continue
        block = _line_block(line, start, end)
        if block.kind == "para" and open_block is not None and _continues(text, open_block, block, line):
            open_block.end = end
            continue
        blocks.append(block)
        open_block = None if block.kind == "heading" else block
    return blocks


def _line_block(line: str, start: int, end: int) -> Block:
    heading = _HEADING.match(line) or _BOLD.match(line)
    phase = _PHASE.match(line)
    if phase and (phase["sep"] or not line[phase.end() :].strip()) and not _counts_on(line, phase):
        return Block(
            "heading", start + phase.end(), end, _width(line), "phase", phase["no"].lower(), note=phase["note"] or ""
        )
    if heading:
        return Block("heading", start + heading.start("text"), start + heading.end("text"), 0, "heading")
    found = _MARKER.match(line)
    if found and found["number"] and _more_labels(line[found.end() :], found["number"].lower(), found["close"]):
        found = None
    if found and found["stepno"] and re.search(r"\b(?:step|task)\s+2\b", line[found.end() :], re.IGNORECASE):
        found = None
    if found and found.end() < len(line) + 1 and line[found.end() :].strip():
        return _item(found, start, end)
    return Block("para", start + _width(line), end, _width(line))


def _counts_on(line: str, phase: re.Match[str]) -> bool:
    """ "Step 1: … Step 2: …" on one line is prose."""
    kind, number = phase["name"].split()[0], phase["no"]
    return (
        number.isdigit()
        and re.search(rf"\b{re.escape(kind)}\s+{int(number) + 1}\b", line[phase.end() :], re.IGNORECASE) is not None
    )


def _more_labels(rest: str, label: str, close: str) -> bool:
    """True if the same line goes on counting ("(a) … (b) …"): then it is a sentence with enumerators, not one item."""
    if label not in {"a", "1", "i"}:
        return False
    following = {"a": "b", "1": "2", "i": "ii"}[label]
    return re.search(rf"(?:^|[\s;,.(]){following}{re.escape(close)}\s", rest, re.IGNORECASE) is not None


def _item(found: re.Match[str], start: int, end: int) -> Block:
    label = (found["number"] or found["stepno"] or "").lower()
    if found["box"]:
        marker = "bullet"
    elif label:
        marker = "letter" if label[0].isalpha() else "number"
    else:
        marker = "bullet"
    done = bool(found["box"]) and (
        found["box"] in {"☑", "✅", "✓", "✔"} or (found["tick"] or "").lower() in {"x", "✓", "✔"}
    )
    return Block("item", start + found.end(), end, len(found["indent"].expandtabs(4)), marker, label, done)


def _width(line: str) -> int:
    return len(line) - len(line.lstrip())


def _continues(text: str, previous: Block, block: Block, line: str) -> bool:
    """A line without a marker goes on with the block above, unless that one ended in a colon or this one stands out."""
    above = text[previous.start : previous.end].rstrip()
    if above.endswith(":") and previous.kind == "para":
        return False
    if previous.kind == "item":
        return block.indent > previous.indent or (
            not above.endswith((".", "!", "?", ":")) and line.lstrip()[:1].islower()
        )
    return True


def _plain_lists(text: str, blocks: list[Block]) -> list[Block]:
    """A paragraph whose lines are each a short phrase without a full stop is a list without markers."""
    out: list[Block] = []
    for block in blocks:
        body = text[block.start : block.end]
        lines = body.split("\n")
        rows = [line.strip() for line in lines]
        if block.kind == "para" and len(rows) > 1 and _are_rows(rows):
            offset = block.start
            for line, row in zip(lines, rows, strict=True):
                lead = len(line) - len(line.lstrip())
                is_lead_in = row.endswith(":")
                out.append(
                    Block(
                        "para" if is_lead_in else "item",
                        offset + lead,
                        offset + len(line),
                        block.indent + (0 if is_lead_in else 1),
                        "" if is_lead_in else "bullet",
                    )
                )
                offset += len(line) + 1
        else:
            out.append(block)
    return out


def _are_rows(rows: list[str]) -> bool:
    if any(len(row) > 90 or re.search(r"[.!?]\s+\S", row) for row in rows):
        return False
    body = rows[:-1]
    if all(row.endswith((".", ";", ":")) for row in rows) and all(row[0].isupper() or row[0].isdigit() for row in rows):
        return True
    unfinished = (",", "-", " and", " or", " the", " a", " to", " of", " for", " in", " with")
    if any(row.endswith((*unfinished, ".", "!", "?")) for row in body):
        return False
    return all(row[0].isupper() or row[0].isdigit() for row in rows[1:])


def _nest(blocks: list[Block]) -> list[Block]:
    """Hang items under deeper-reaching items, and everything under the heading or the lead-in ("Do this:") above it."""
    root: list[Block] = []
    stack: list[Block] = []
    heading: Block | None = None
    for block in blocks:
        if block.kind == "heading":
            stack.clear()
            heading = block if block.marker == "phase" or heading is None or heading.marker != "phase" else heading
            heading = block
            root.append(block)
            continue
        siblings = heading.children if heading is not None else root
        if block.kind == "para":
            while stack and stack[-1].indent >= block.indent:
                stack.pop()
            if stack and stack[-1].kind == "item" and block.indent > stack[-1].indent:
                stack[-1].children.append(block)
            else:
                stack.clear()
                siblings.append(block)
            continue
        while stack and (
            stack[-1].indent > block.indent or (stack[-1].indent == block.indent and not _is_parent(stack, block))
        ):
            stack.pop()
        (stack[-1].children if stack else siblings).append(block)
        stack.append(block)
    return root


def _is_parent(stack: list[Block], block: Block) -> bool:
    """At equal indentation, bullets belong to the numbered item above them."""
    above = stack[-1]
    if block.marker in (above.marker, "number") or above.marker == "bullet":
        return False
    return not any(b.marker == block.marker for b in stack[:-1])
