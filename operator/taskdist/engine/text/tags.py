"""Parts of speech by rule: what each word of a sentence does there.

Tags: ``P`` punctuation, ``A`` arrow, ``CC SC IN TO DT PS PRP MD BE HV DO NOT RB JJ CD WH RP``, ``N`` noun, and of
verbs ``V`` base form, ``VZ`` third person, ``VD`` past, ``VN`` participle, ``VG`` ing-form. Rules look at the word
before and after, as a reader would.
"""

from __future__ import annotations

from dataclasses import dataclass

from taskdist.engine.text import inflect, spelling
from taskdist.engine.text.words import function, nouns, verbs

NOMINAL = frozenset({"N", "PRP", "CD"})
FINITE_AUX = frozenset({"MD", "BE", "HV"})
VERBAL = frozenset({"V", "VZ", "VD", "VN", "VG"})
_PARTICLES = frozenset(verbs.PARTICLES.split())
_OPENERS = frozenset({"P", "A", "CC", "SC"})
_BEFORE_NOUN = frozenset({"DT", "PS", "JJ", "CD"})
_STARTS_OBJECT = frozenset({"DT", "PS", "PRP", "CD", "JJ", "WH"})
_ADJECTIVE_ENDINGS = ("able", "ible", "ful", "less", "ous", "ive", "ical", "ent", "ant", "ary", "ic", "al")
_SELDOM_PLURAL = frozenset(
    {"go", "get", "take", "make", "keep", "give", "meet", "have", "sit", "need", "know", "let", "say"}
)
_ORDER_ADVERBS = frozenset({
    "first", "then", "finally", "lastly", "last", "next", "also", "please", "afterwards", "afterward", "now", "just", "meanwhile", "second", "third",
    "simply", "once", "only", "always", "simultaneously", "concurrently", "separately", "again", "later", "thereafter", "subsequently", "immediately", "kindly",
    "firstly", "secondly", "thirdly", "eventually", "ultimately", "independently", "additionally", "instead", "otherwise", "else", "so", "yes", "ok", "okay", "quickly", "carefully", "manually",
    "automatically", "briefly", "properly", "directly", "ideally", "today", "tomorrow", "tonight", "there", "here", "either", "both", "too", "still", "beforehand", "initially", "fully", "thoroughly",
})  # fmt: skip


@dataclass(slots=True)
class Word:
    """A token with its part of speech and, for a verb, its base form."""

    text: str
    lower: str
    start: int
    end: int
    kind: str
    tag: str = "N"
    lemma: str = ""
    role: str = ""
    frame: str = ""


def tag(tokens: list[Word]) -> list[Word]:
    """Set ``tag`` and ``lemma`` of the words of one sentence, left to right, and return them."""
    for i in range(len(tokens)):
        _tag_one(tokens, i)
    return tokens


_CLOSED: dict[str, str] = {}
for _tag_name, _words in (
    ("RB", function.ADVERBS),
    ("JJ", function.COMMON_ADJECTIVES),
    ("IN", function.PREPOSITIONS),
    ("CD", function.NUMBERS),
    ("DT", function.DETERMINERS),
    ("PS", function.POSSESSIVES),
    (
        "PRP",
        frozenset(
            [
                "i",
                "we",
                "you",
                "he",
                "she",
                "they",
                "it",
                "me",
                "us",
                "him",
                "them",
                "myself",
                "itself",
                "themselves",
                "someone",
                "somebody",
                "anyone",
                "anybody",
                "everyone",
                "everybody",
                "nobody",
                "something",
                "anything",
                "everything",
                "nothing",
            ]
        ),
    ),
    ("CC", function.COORDINATORS),
    (
        "SC",
        function.CONDITIONALS
        | frozenset(
            [
                "because",
                "although",
                "though",
                "whereas",
                "while",
                "until",
                "till",
                "unless",
                "when",
                "whenever",
                "once",
                "as",
                "alongside",
            ]
        ),
    ),
    ("WH", frozenset(["which", "who", "whom", "whose", "what", "where", "why", "how"])),
    ("MD", function.MODALS),
    ("HV", function.HAVE),
    ("DO", function.DO),
    ("BE", function.BE),
    ("NOT", frozenset(["not", "never", "n't"])),
):
    for _word in _words:
        _CLOSED[_word] = _tag_name
_CLOSED |= {"to": "TO", "her": "PS", "that": "DT", "this": "DT", "so": "CC", "yet": "RB", "before": "SC", "after": "SC", "since": "SC", "first": "RB",
            "cannot": "MD", "can't": "MD", "won't": "MD", "needn't": "MD", "shouldn't": "MD", "mustn't": "MD", "couldn't": "MD", "wouldn't": "MD", "let's": "MD",
            "either": "DT", "neither": "DT", "both": "DT", "then": "RB", "off": "IN", "out": "IN", "up": "IN", "down": "IN", "else": "RB", "nor": "CC", "like": "IN",
            "no": "DT", "all": "DT", "one": "CD", "who's": "WH", "what's": "WH", "given": "IN", "gonna": "MD", "gotta": "MD"}  # fmt: skip


def _tag_one(words: list[Word], i: int) -> None:
    word = words[i]
    low = word.lower
    if word.kind in {"phrase", "label"}:
        return
    if word.frame in {"do", "done"} and inflect.is_verb(low) and low not in function.BE:
        word.tag, word.lemma = "V", low
        return
    if word.kind == "punct":
        word.tag = "CC" if low == "&" else ("CD" if low in "%°€$£" else "P")
        return
    if word.kind == "arrow":
        word.tag = "A"
        return
    if word.kind != "word":
        word.tag = "RB" if word.kind == "abbr" else "N"
        return
    if word.text == "IT" or (word.text.isupper() and len(low) > 1 and low in nouns.ACTORS):
        word.tag = "N"
        return
    if low in {"may", "am", "march"} and i and words[i - 1].tag == "CD":
        word.tag = "N"
        return
    if low in _CLOSED and not _is_open_use(words, i):
        word.tag = _closed(words, i)
        word.lemma = {"BE": "be", "HV": "have", "DO": "do", "V": low}.get(word.tag, "")
        return
    if not low.isalpha() and any(c.isdigit() for c in low) and not inflect.is_verb(low):
        word.tag = "CD" if low[0].isdigit() and not any(c in low for c in "_/@:") else "N"
        return
    word.tag, word.lemma = _open(words, i)


def _is_open_use(words: list[Word], i: int) -> bool:
    """A closed-class word in verb's clothes: "clean the data", "open a ticket", "back up", "slow down"."""
    low = words[i].lower
    if low in {"back", "down", "out", "last", "past", "near", "like", "round"}:
        return low == "back" and _opens(words, i) and _peek(words, i + 1) in {"up", "fill"}
    return low in inflect.AMBIGUOUS and low in inflect.KIND_OF and (
        low in function.COMMON_ADJECTIVES or low in {"do", "pass", "up", "even", "close", "right", "own"}
    ) and low not in {"do", "own", "second", "right", "even", "fine", "live"} and not _ends(words, i + 1) and _looks_like_verb(words, i)  # fmt: skip


def _is_clausal_as(words: list[Word], i: int) -> bool:
    """ "As the build is broken" opens a clause; "mark it as done" does not."""
    if i == 0 or words[i - 1].tag == "P" or words[i - 1].kind == "punct":
        return True
    return _finite_ahead(words, i + 1) or _peek(words, i + 1) in {
        "we",
        "they",
        "i",
        "you",
        "it",
        "he",
        "she",
        "this",
        "that",
    }


def _closed(words: list[Word], i: int) -> str:  # noqa: C901, PLR0911, PLR0912 - cases of English, in order
    low, name = words[i].lower, _CLOSED[words[i].lower]
    after = _peek(words, i + 1)
    if low == "to":
        return (
            "TO"
            if _is_base(after)
            or after in {"be", "have", "do"}
            or (after in function.ADVERBS and _is_base(_peek(words, i + 2)))
            else "IN"
        )
    if low in {"that", "this", "these", "those"}:
        if low == "that" and i and words[i - 1].tag in {"N", "VN", "CD"} and not _opens(words, i):
            return "WH"
        return (
            "DT"
            if after
            and _CLOSED.get(after, "N") in {"N", "JJ", "CD"}
            and not _ends(words, i + 1)
            and not inflect.third_person(after)
            else "PRP"
        )
    if low == "her":
        return "PS" if after and _CLOSED.get(after, "N") in {"N", "JJ"} else "PRP"
    if low in {"first", "last", "next", "second", "third", "early", "late", "daily", "weekly", "nightly"}:
        if i and words[i - 1].tag in {"DT", "PS"}:
            return "JJ"
        nxt = _CLOSED.get(after, "")
        return "RB" if _opens(words, i) or _ends(words, i + 1) or nxt in {"IN", "SC"} else "JJ"
    if low == "than" and _opens(words, i) and _is_base(after):
        return "RB"
    if low == "either" and _is_base(after) and _opens(words, i):
        return "RB"
    if low == "like" and i and (before := _before(words, i)) is not None and before.tag == "MD":
        return "V"
    if low == "should" and _opens(words, i) and _CLOSED.get(after) in {"PRP", "DT", "PS"} and after not in {"i", "we"}:
        return "SC"
    if low == "as" and not _is_clausal_as(words, i):
        return "IN"
    if low in {"once", "as", "since", "before", "after", "until", "till"}:
        return name
    if low in {"do", "does", "did", "have", "has", "had"}:
        return name
    if low in {"all", "both", "each", "either", "neither", "some", "any", "most", "several", "many", "few", "half"}:
        return "DT"
    if low in {"will", "may", "can"} and i and words[i - 1].tag in {"DT", "PS"}:
        return "N"
    if (
        name == "JJ"
        and i
        and words[i - 1].tag in {"DT", "PS", "N"}
        and (_ends(words, i + 1) or _CLOSED.get(after) in {"IN", "TO", "RB", "BE", "MD", "HV", "SC"})
    ):
        return "N"
    if low == "so":
        return "CC" if _opens(words, i) else "RB"
    return name


def _peek(words: list[Word], i: int) -> str:
    return words[i].lower if 0 <= i < len(words) and words[i].kind not in {"punct", "arrow"} else ""


def _ends(words: list[Word], i: int) -> bool:
    """True if nothing of this phrase stands at ``i``: the end, punctuation or a conjunction."""
    return i >= len(words) or words[i].kind in {"punct", "arrow"} or words[i].lower in {"and", "or", "but", "then", "&"}


def _is_base(low: str) -> bool:
    return bool(low) and inflect.is_verb(low)


def _opens(words: list[Word], i: int) -> bool:
    """True if a clause could begin at ``i``: only adverbs of order since a conjunction, punctuation or the start."""
    j = i - 1
    while (
        j >= 0
        and words[j].tag == "RB"
        and (words[j].role or words[j].lower in _ORDER_ADVERBS or words[j].lower.endswith("ly"))
    ):
        j -= 1
    return j < 0 or words[j].tag in _OPENERS


def _before(words: list[Word], i: int) -> Word | None:
    """The word before ``i``, adverbs and negations skipped."""
    j = i - 1
    while j >= 0 and words[j].tag in {"RB", "NOT"} and words[j].kind == "word":
        j -= 1
    return words[j] if j >= 0 else None


def _looks_like_verb(words: list[Word], i: int) -> bool:
    """Whether an ambiguous base form at ``i`` is used as a verb, by its neighbours."""
    previous = _before(words, i)
    if previous is not None:
        if previous.tag in {"TO", "MD", "DO"}:
            return True
        if previous.tag == "PRP" and previous.lower in {"i", "we", "you", "they"}:
            return True
        if previous.tag == "WH" and previous.lower in {"who", "that"} and not _ends(words, i + 1):
            return True
        if (
            previous.tag == "PRP"
            and i > 1
            and words[i - 2].lower in {"let", "lets", "help", "helps", "make", "makes", "letting", "helping"}
        ):
            return True
        if (
            previous.tag in {"VN", "JJ"}
            and _peek(words, i + 1) in function.DETERMINERS | function.POSSESSIVES
            and _in_subordinate(words, i)
        ):
            return True
        if previous.tag in {"DT", "PS", "JJ", "CD", "IN", "BE", "WH"} and not _opens(words, i):
            return False
    if _opens(words, i):
        return _imperative_like(words, i)
    return False


def _in_subordinate(words: list[Word], i: int) -> bool:
    """True if the clause at ``i`` was opened by "after", "if" and the like and has its verb already."""
    seen = False
    for j in range(i - 1, -1, -1):
        if words[j].tag in {"P", "A", "CC"}:
            return False
        seen = seen or words[j].tag in {"BE", "HV", "VZ"}
        if words[j].tag == "SC":
            return seen
    return False


def _imperative_like(words: list[Word], i: int) -> bool:
    """At the start of a clause: is this ambiguous form a command rather than a noun?"""
    if _ends(words, i + 1):
        if words[i].lower in nouns.ACTORS and i:
            return False
        return not (
            i
            and words[i - 1].lower in {"and", "or"}
            and any(w.lower in {"between", "both"} for w in words[max(0, i - 5) : i])
        )
    after = words[i + 1]
    low = after.lower
    if (
        after.kind in {"code", "url", "quote", "email"}
        or low in function.POSSESSIVES
        or low in function.DETERMINERS
        or low in function.OBJECT_PRONOUNS
    ):
        return not (low in {"that", "which", "this"} and _finite_ahead(words, i + 1))
    if low in {
        "of",
        "is",
        "are",
        "was",
        "were",
        "has",
        "had",
        "have",
        "should",
        "must",
        "will",
        "can",
        "could",
        "may",
        "shall",
        "would",
        "needs",
        "need",
        "goes",
    }:
        return False
    if low in _CLOSED and _CLOSED[low] in {"SC", "CC", "MD", "BE", "HV"}:
        return low in {"if", "whether", "until", "as", "before", "after", "once", "when"}
    if low in _CLOSED:
        return True
    return not _finite_ahead(words, i + 1)


def _finite_ahead(words: list[Word], i: int) -> bool:
    """True if the phrase at ``i`` runs into a finite verb before any punctuation: then what precedes was its subject."""
    for j in range(i, min(i + 10, len(words))):
        low = words[j].lower
        if words[j].kind in {"punct", "arrow"} or low in {
            "and",
            "or",
            "that",
            "which",
            "who",
            "if",
            "when",
            "so",
            "because",
            "until",
            "once",
            "where",
            "whether",
            "how",
            "what",
            "to",
            "as",
            "before",
            "after",
            "since",
            "while",
        }:
            return False
        if (
            low in function.MODALS
            or low in function.BE
            or low in {"has", "have", "had", "needs", "need"}
            or low in function.DO
        ):
            return True
    return False


def _open(words: list[Word], i: int) -> tuple[str, str]:
    low = words[i].lower
    for resolve in (_base_form, _s_form, _ing_form, _ed_form):
        found = resolve(words, i, low)
        if found:
            return found
    if _opens(words, i) and (meant := spelling.meant(low)) and _starts_like_command(words, i):
        return "V", meant
    before = _before(words, i)
    if before is not None and before.tag == "MD" and words[i].kind == "word" and not low.endswith("ly"):
        return "V", low
    if _coined_command(words, i):
        return "V", low
    if (
        low.endswith(_ADJECTIVE_ENDINGS)
        and i
        and (words[i - 1].tag == "BE" or (words[i - 1].tag == "RB" and i > 1 and words[i - 2].tag == "BE"))
    ):
        return "JJ", ""
    if low.endswith("ly") and len(low) > 4:
        return "RB", ""
    if low in {"up", "out"}:
        return "RP", ""
    return "N", ""


def _starts_like_command(words: list[Word], i: int) -> bool:
    """True if an object could follow, and no finite verb does."""
    return i + 1 < len(words) and words[i + 1].kind == "word" and not _finite_ahead(words, i + 1)


def _coined_command(words: list[Word], i: int) -> bool:
    """ "PCR the samples", "rsync the folder": an unknown word before an object at the start of a clause commands."""
    if not _opens(words, i) or i + 1 >= len(words):
        return False
    low, after = words[i].lower, words[i + 1].lower
    if (
        words[i + 1].kind != "word"
        or low in nouns.TIMES
        or low in nouns.ACTORS
        or low.endswith(("ly", "s", "tion"))
        or not low[0].isalpha()
    ):
        return False
    return after in {
        "the",
        "a",
        "an",
        "all",
        "every",
        "each",
        "our",
        "your",
        "its",
        "their",
        "both",
        "any",
        "it",
        "them",
    } and not _finite_ahead(words, i + 1)


def _base_form(words: list[Word], i: int, low: str) -> tuple[str, str] | None:
    if not inflect.is_verb(low):
        return None
    if inflect.participle(low) == low and i and (words[i - 1].tag in {"BE", "HV"}):
        return "VN", low
    previous = _before(words, i)
    if _after_adjectival_participle(words, i):
        return "N", ""
    if low in inflect.AMBIGUOUS:
        if _looks_like_verb(words, i) or _causative(words, i) or _plural_subject(words, i):
            return "V", low
        return "N", ""
    if (
        previous is not None
        and previous.tag in {"DT", "PS"}
        and previous.lower not in {"all", "each", "both", "either", "neither", "that", "this", "some"}
    ):
        return "N", ""
    if previous is not None and previous.tag in {"IN", "JJ", "CD"} and not _opens(words, i):
        return "N", ""
    if low in {"well", "like"}:
        return None
    return "V", low


def _after_adjectival_participle(words: list[Word], i: int) -> bool:
    """ "One combined comment", "the locked record": what follows is the noun."""
    return i > 1 and words[i - 1].tag == "VN" and words[i - 2].tag in {"DT", "PS", "CD", "JJ", "IN"}


def _causative(words: list[Word], i: int) -> bool:
    """ "Have security review the policies", "let QA test it": a base form after have, let, make or help and its object."""
    j = i - 1
    while j >= 0 and words[j].tag in {"N", "DT", "PS", "JJ", "PRP", "CC"} and i - j < 6:
        j -= 1
    if j < 0 or j == i - 1 or words[i - 1].tag == "CC":
        return False
    if words[j].lower in {"have", "let", "make", "help", "has"}:
        return words[j].lower in {"have", "let", "has"} and not _ends(words, i + 1) and _starts_object(words, i + 1)
    return False


def _starts_object(words: list[Word], i: int) -> bool:
    low = _peek(words, i)
    return bool(low) and (_CLOSED.get(low, "N") in {"DT", "PS", "PRP", "CD", "WH", "JJ", "IN", "TO", "N"})


def _plural_subject(words: list[Word], i: int) -> bool:
    """ "The movers need a copy": an ambiguous form after a plural noun, before an object, with no verb yet in the clause."""
    if i == 0 or words[i - 1].tag not in {"N", "RB"}:
        return False
    subject = _before(words, i)
    if subject is None or subject.tag != "N":
        return False
    low = subject.lower
    if not (low.endswith("s") or low in {"people", "folks", "ops", "staff", "devs"}) and low not in nouns.ACTORS:
        return False
    after = _peek(words, i + 1)
    if not after or (_CLOSED.get(after) not in {"DT", "PS", "PRP", "CD", "TO", "IN"}):
        return False
    if _CLOSED.get(after) in {"IN", "TO"} and words[i].lower not in {
        "need",
        "go",
        "look",
        "work",
        "report",
        "meet",
        "start",
        "stay",
    }:
        return False
    return not _verb_since_boundary(words, i)


def _verb_since_boundary(words: list[Word], i: int) -> bool:
    for j in range(i - 1, -1, -1):
        if words[j].tag in {"P", "A", "SC", "CC", "WH"}:
            return False
        if words[j].tag in {"V", "VZ", "VD", "MD", "BE", "HV", "DO"}:
            return True
    return False


def _s_form(words: list[Word], i: int, low: str) -> tuple[str, str] | None:  # noqa: C901 - cases of English, in order
    base = inflect.third_person(low)
    if not base:
        return None
    previous = _before(words, i)
    if (
        base in {"need", "want"}
        and i
        and words[i - 1].tag == "N"
        and i + 1 < len(words)
        and (inflect.gerund(words[i + 1].lower) or words[i + 1].lower in {"to", "a", "an"})
    ):
        return "VZ", base
    if previous is None or (_opens(words, i) and previous.tag in {"P", "A", "SC"}):
        return _s_after_boundary(words, i, base)
    if previous.tag == "CC":
        return _s_after_boundary(words, i, base)
    if previous.tag in {"DT", "PS", "JJ", "CD", "IN", "TO", "V", "MD", "VG"} and previous.lower not in {
        "that",
        "each",
        "this",
        "which",
        "one",
        "both",
    }:
        return "N", ""
    if previous.tag == "WH" or previous.lower in {
        "it",
        "he",
        "she",
        "somebody",
        "someone",
        "everybody",
        "everyone",
        "nobody",
        "who",
        "which",
        "that",
        "one",
        "this",
        "each",
    }:
        return "VZ", base
    of_them = previous.tag == "PRP" and i > 1 and words[i - 2].lower == "of"
    if (
        (previous.tag in {"N", "CD"} or of_them)
        and not _verb_since_boundary(words, i)
        and not previous.lower.endswith(("'s", "s'"))
    ):
        if _ends(words, i + 1):
            unlikely = base in inflect.AMBIGUOUS
            return ("N", "") if unlikely else ("VZ", base)
        after = _peek(words, i + 1)
        if _CLOSED.get(after) in {"DT", "PS", "PRP", "CD", "TO", "SC"} or after in {"not", "all"}:
            return "VZ", base
        if base not in inflect.AMBIGUOUS or base in _SELDOM_PLURAL:
            return "VZ", base
        if _CLOSED.get(after) in {"IN", "RB", "WH", "JJ"}:
            actor = previous.lower in nouns.ACTORS or _definite_subject(words, i)
            return ("VZ", base) if actor and after != "of" and not _finite_ahead(words, i + 1) else ("N", "")
        if (previous.lower in nouns.ACTORS or _person(words, i)) and not _finite_ahead(words, i + 1):
            return "VZ", base
    return "N", ""


def _person(words: list[Word], i: int) -> bool:
    """ "…, Lea extracts quotes": a capitalised unknown word alone before ``i`` is somebody."""
    name = words[i - 1]
    alone = i == 1 or words[i - 2].tag in _OPENERS or words[i - 2].role != ""
    return (
        alone
        and name.text[:1].isupper()
        and name.text[1:].islower()
        and len(name.text) < 10
        and not inflect.lemma(name.lower)
        and not name.lower.endswith("s")
    )


def _definite_subject(words: list[Word], i: int) -> bool:
    """ "The annual report draws on …": a determiner opens the clause and only nouns stand between it and ``i``."""
    j = i - 1
    while j >= 0 and words[j].tag in {"N", "JJ", "CD", "VN", "VG"}:
        j -= 1
    return (
        j >= 0 and words[j].tag in {"DT", "PS"} and (j == 0 or words[j - 1].tag in _OPENERS or words[j - 1].role != "")
    )


def _s_after_boundary(words: list[Word], i: int, base: str) -> tuple[str, str]:
    """ "… logs in, adds an item and checks out": a third person that goes on with the one before."""
    running = False
    for j in range(i - 1, -1, -1):
        if words[j].tag in {"V", "VZ", "MD", "VD"} or words[j].lower in {"is", "has"}:
            running = words[j].tag == "VZ" or words[j].lower in {"is", "has"}
            break
    if running and (not _ends(words, i + 1) or base not in inflect.AMBIGUOUS):
        after = _peek(words, i + 1)
        if (
            base not in inflect.AMBIGUOUS
            or _CLOSED.get(after) in {"DT", "PS", "PRP", "CD", "IN", "TO", "RB", "JJ"}
            or words[i + 1].kind in {"code", "url", "quote"}
        ):
            return "VZ", base
    return "N", ""


def _ing_form(words: list[Word], i: int, low: str) -> tuple[str, str] | None:
    base = inflect.gerund(low)
    if not base:
        return None
    if low in nouns.ACTORS:
        return "N", ""
    previous = _before(words, i)
    if previous is not None and previous.tag in {"DT", "PS", "JJ"} and previous.lower not in {"all", "both", "any"}:
        return "N", ""
    return "VG", base


def _ed_form(words: list[Word], i: int, low: str) -> tuple[str, str] | None:
    as_participle, as_past = inflect.participle(low), inflect.past(low)
    if not (as_participle or as_past):
        return None
    previous = _before(words, i)
    if previous is None:
        return ("VN", as_participle) if as_participle else ("VD", as_past)
    if previous.tag in {"BE", "HV"} or previous.lower in {"get", "gets", "got", "getting", "being"}:
        return ("VN", as_participle or as_past)
    if previous.tag in {"DT", "PS", "JJ", "IN", "CD"} and as_participle:
        return "VN", as_participle
    if (
        previous.tag == "PRP"
        and previous.lower
        in {
            "i",
            "we",
            "you",
            "he",
            "she",
            "they",
            "who",
            "it",
            "somebody",
            "someone",
            "nobody",
            "everybody",
            "that",
            "this",
        }
        and as_past
    ):
        if _needs_participle(words, i):
            return "VN", as_participle or as_past
        return "VD", as_past
    if previous.tag == "WH" and as_past:
        return "VD", as_past
    if previous.tag == "N" and as_past and not _needs_participle(words, i) and not _verb_since_boundary(words, i):
        after = _peek(words, i + 1)
        if _CLOSED.get(after) in {"DT", "PS", "PRP", "CD"} or (
            words[i - 1].tag == "RB"
            and words[i - 1].lower in {"already", "just", "recently", "once", "never", "finally", "accidentally"}
        ):
            return "VD", as_past
        if not as_participle:
            return "VD", as_past
    return ("VN", as_participle) if as_participle else ("VD", as_past)


def _needs_participle(words: list[Word], i: int) -> bool:
    """ "We need the report published": somewhere before in the clause stands a verb of wishing or having."""
    for j in range(i - 1, -1, -1):
        if words[j].tag in {"A", "SC", "WH"} or words[j].lower in {";", "."}:
            return False
        if words[j].lower in {
            "need",
            "needs",
            "want",
            "wants",
            "like",
            "get",
            "have",
            "has",
            "expect",
            "see",
            "prefer",
            "love",
            "appreciate",
            "require",
        }:
            return True
        if words[j].tag in {"MD", "VZ", "VD", "V"} and words[j].lower not in {"would", "'d"}:
            return False
    return False
