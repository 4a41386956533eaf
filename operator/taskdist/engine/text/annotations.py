"""Remarks about order beside a task: "(needs a)", "after 3", "can start right away", "these are independent of each other"."""

from __future__ import annotations

import re

_FILLER = r"(?:this |it |which |only |can start |can begin |may start |start |starts |to be done |do this |comes |directly |right |but |immediately |shortly |to run |runs |to start |must wait for |has to wait for |must come |goes |not before |only )*"
_NEEDS = re.compile(
    rf"^{_FILLER}(?:needs|need|requires|require|after|depends on|depend on|depends upon|dependent on|depending on|waits for|wait for|waiting for|blocked by|blocked on|blocks on|once|follows|following|prerequisites?:?|prereqs?:?"
    r"|based on|builds on|builds upon|when|uses|deps?:?|dependency:?|dependencies:?|input:?|inputs:?|waits on|gated on|gated by|relies on|subsequent to|as soon as|requires:|needs:|depends:|depends|pending)(?=$|[\s:#(])"
)
_FREE = re.compile(
    r"^(?:this |it |these |they |which )?(?:can start (?:right away|immediately|any ?time|at once|now|straight away|on day one|in parallel)|can (?:run|be done|happen|go) (?:any ?time|in parallel|right away|independently|at any time)|may start (?:right away|any ?time|immediately)|any ?time|at any time"
    r"|in parallel|parallel|independent|independently|no dependencies|no dependency|no deps|needs nothing|depends on nothing|right away|whenever|start (?:any ?time|right away|immediately)|in any order|any order|no prerequisites?|no prereqs?|not blocked|unblocked|standalone|stand-alone|independent of (?:the rest|everything|all (?:the )?others?|the others?)|whenever convenient)$"
)
_POINTER = r"(?:steps?|tasks?|items?|points?|nos?\.?|phases?|parts?|numbers?)"
_REFERENCE = re.compile(rf"(?:^|[\s(#]){_POINTER}?\s*#?(\d{{1,3}}\.?[a-z]?|[a-z])(?=$|[\s),;.&/+–-])")
_ONLY_REFERENCES = re.compile(
    rf"^(?:{_POINTER}|both|is|are|has|have|been|done|finished|complete|completed|through|and|or|,|&|/|\+|#|:|\(|\)|\s|\d{{1,3}}\.?[a-z]?(?![a-z])|(?<![a-z])[a-z](?![a-z]))+$"
)
_MUTUAL = re.compile(
    r"\b(?:neither (?:of (?:them|these|the two) )?(?:blocks|depends|needs|waits)|(?:none|neither) of (?:them|these|those|which) (?:depends?|blocks?|needs?|waits?)|do(?:es)? not depend on (?:each other|one another)|don't depend on (?:each other|one another)|don't (?:block|need) each other"
    r"|(?:are|is|run|runs|can (?:all |both )?(?:run|be done|happen|go|proceed|start|be run|be worked on)|may (?:all |both )?(?:run|be done|happen)|should (?:all |both )?(?:run|be done|happen)) (?:all |both |entirely |completely |fully |totally )?(?:independent|independently|in parallel|in any order|at the same time|concurrently|simultaneously|side by side|at once|unrelated)"
    r"|(?:them|both|these|those|all) (?:two |three |of them )?(?:in parallel|at the same time|concurrently|simultaneously|side by side|in any order|independently)|order (?:does not|doesn't|is not|isn't) (?:matter|important|relevant)|in whatever order|nothing to do with each other|unrelated to each other|independent of (?:each other|one another)|in no particular order|in any order|have nothing to do with|no order (?:is )?(?:required|needed|implied))\b"
)


def is_free(text: str) -> bool:
    """True for "can start right away", "no dependencies": a remark that lifts the order."""
    return bool(_FREE.match(text))


_FREES_LATEST = re.compile(
    r"^(?:that|this|it|which|they|these|that one|this one|the latter|the last one|the former)(?: one)? (?:can|may|could) (?:also )?(?:be \w+|start|happen|begin|run|go|proceed|be)?(?: \w+)? ?(?:at any ?time|any ?time|right away|immediately|in parallel|independently|at any point|whenever|on the side|on its own|in the background|at the same time|separately|already)\b"
    r"|^(?:that|this|it|which|they|these) (?:does not|doesn't|do not|don't|needn't|need not) (?:need to )?(?:depend|wait|block)\b|^(?:that|this|it|which|they|these)(?:'s| is| are) (?:entirely |completely |fully |totally )?(?:independent|unrelated|not blocked|separate)\b"
)


def frees_latest(text: str) -> bool:
    """True for "that can be built at any time": the step told last waits for nothing that was not said of it."""
    return bool(_FREES_LATEST.match(text))


def is_mutual(text: str) -> bool:
    """True for "these are independent of each other": the steps named before (or after a colon) have no order among them."""
    return bool(_MUTUAL.search(text))


def needs(text: str) -> list[str] | None:
    """Labels that a remark ("needs a and b", "after step 3") refers to; ``["=words"]`` if it names things; ``None`` if it is no such remark."""
    found = _NEEDS.match(text)
    if not found:
        return None
    rest = text[found.end() :].strip(" :")
    if _ONLY_REFERENCES.match(rest):
        return references(rest)
    return [f"={rest}"] if rest else []


def references(text: str) -> list[str]:
    """The step labels in a text ("2 and 3" -> ["2", "3"]); "2-4" gives all between."""
    spans = re.findall(r"(\d{1,3})\s*(?:-|–|to|through)\s*(\d{1,3})", text)
    out = [str(n) for a, b in spans for n in range(int(a), min(int(b), int(a) + 50) + 1)]
    rest = re.sub(r"\d{1,3}\s*(?:-|–|to|through)\s*\d{1,3}", " ", text)
    return out + [m.group(1).replace(".", "") for m in _REFERENCE.finditer(rest)]


def only_references(text: str) -> bool:
    """True if a remark names nothing but steps."""
    found = _NEEDS.match(text)
    if found is None:
        return False
    rest = text[found.end() :].strip(" :")
    return not rest or _ONLY_REFERENCES.match(rest) is not None
