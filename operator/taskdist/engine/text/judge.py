"""Which clauses are work: a verdict on each clause, from its mood, its verb and the clauses beside it."""

from __future__ import annotations

from dataclasses import dataclass

from taskdist.engine.text import inflect
from taskdist.engine.text.clause import Clause
from taskdist.engine.text.word import Word
from taskdist.engine.text.words import function, nouns, work


@dataclass(slots=True)
class Judgement:
    """What a clause is: its ``kind``, the index of the verb that names the work, the frame it was said in.

    Kinds: ``task wish described happening`` are work, ``goal`` is a wish that the steps fulfil, ``constraint negated note`` are
    none, ``phrase`` is a bare noun phrase, which depends on where it stands.
    """

    kind: str
    verb: int = -1
    frame: str = ""


def judge(clause: Clause, previous: Judgement | None, following: Clause | None = None) -> Judgement:
    """Decide what a main clause is; ``previous`` is the judgement on the main clause before it in the same sentence."""
    if _waits(clause, following):
        return Judgement("task", clause.verb)
    if clause.mood == "neg":
        return Judgement("negated", clause.verb)
    if clause.frame:
        return _framed(clause)
    if previous is not None and previous.frame in {"past", "done"} and clause.mood == "fin" and "and" in clause.delim:
        clause.frame = previous.frame
        return _framed(clause)
    decide = {"imp": _command, "fin": _statement, "np": _phrase, "pp": _phrase, "adv": _phrase}.get(clause.mood)
    if decide is not None:
        decided = decide(clause)
        if decided.kind == "described" and not _reads_as_step(clause, following):
            return Judgement("note")
        return decided
    if clause.mood in {"part", "cont", "inf"}:
        return _continuation(clause, previous)
    if clause.mood == "ger":
        return Judgement("task", clause.verb) if _is_work(clause.lemma) else Judgement("phrase", clause.verb)
    return Judgement("note")


def _framed(clause: Clause) -> Judgement:
    """What stood inside an indirect wish is work, unless it only asks for a quality."""
    if clause.verb >= 0 and clause.words[clause.verb].lemma in {"have", "get"}:
        return _had(clause)
    if (
        clause.verb >= 0
        and clause.words[clause.verb].lemma in {"be", "have"} | work.NEVER_COMMANDS
        and clause.frame in {"do", "past", "done"}
        and clause.words[clause.verb].tag != "VN"
    ):
        return Judgement("note")
    if clause.frame == "do" and clause.mood == "imp":
        return (
            Judgement("task", clause.verb)
            if clause.lemma in {"know", "see", "understand", "learn"}
            else _command(clause)
        )
    if clause.frame in {"undone", "past", "done"}:
        at = next(
            (
                k
                for k, w in enumerate(clause.words)
                if w.tag in {"VN", "VD", "V"} and w.lemma not in {"be", "have", "get"}
            ),
            clause.verb,
        )
        return Judgement("task", at, clause.frame)
    if clause.frame in {"thing", "wanted"}:
        at = next(
            (
                k
                for k, w in enumerate(clause.words)
                if k and w.tag == "VN" and clause.words[k - 1].tag in {"N", "BE", "CD"}
            ),
            -1,
        )
        return Judgement("wish", at)
    return Judgement("task", clause.verb)


def _had(clause: Clause) -> Judgement:
    """ "Have the docs translated", "have a look at the test", "have QA run it"."""
    at = next(
        (
            k
            for k, w in enumerate(clause.words)
            if k > clause.verb + 1 and w.tag == "VN" and clause.words[k - 1].tag in {"N", "PRP", "CD", "RB"}
        ),
        -1,
    )
    if at < 0:
        at = _causee(clause)
    return Judgement("task", at if at >= 0 else clause.verb)


def _causee(clause: Clause) -> int:
    """ "Have QA run it", "get the vet to look at it": the index of the verb of who is made to do it, or -1."""
    words = clause.words
    for k in range(clause.verb + 2, len(words)):
        if words[k].tag in {"IN", "WH", "SC", "P", "VN"}:
            return -1
        if words[k].tag == "V" and words[k - 1].tag in {"N", "PRP", "TO", "CD"}:
            return k
    return -1


def _reads_as_step(clause: Clause, following: Clause | None) -> bool:
    """ "The summary is condensed from the report" tells what is done; "the boxes are packed" only how things stand."""
    if clause.cues or (following is not None and following.sub in {"after", "when", "before"}):
        return True
    if any(w.tag == "WH" for w in clause.subject):
        return True
    tail = _tail(clause)
    if len(tail) > 1 and tail[0].lower == "by" and _is_actor(tail[1:]):
        return True
    return any(
        w.tag in {"IN", "TO"} and w.lower in {"from", "into", "to", "onto", "against", "with", "via", "through"}
        for w in _tail(clause)[:2]
    )


def _waits(clause: Clause, following: Clause | None) -> bool:
    """ "The plan can't be finished until …": work, and what it waits for."""
    if clause.mood != "fin" or following is None or following.sub not in {"before", "if", "after"}:
        return False
    aux = {w.lower for w in clause.aux}
    verb = clause.words[clause.verb]
    waiting = following.sub_words in {"until", "till", "before", "unless", "not before"}
    return (
        waiting
        and bool(aux & {"can't", "cannot"} or aux >= {"can", "not"})
        and verb.tag in {"VN", "V"}
        and _is_work(verb.lemma)
    )


def _is_work(lemma: str) -> bool:
    return lemma in inflect.KIND_OF


def _tail(clause: Clause) -> list[Word]:
    return clause.words[clause.verb + 1 :] if clause.verb >= 0 else []


def _text(words: list[Word]) -> str:
    return " ".join(w.lower for w in words)


# --- commands ------------------------------------------------------------------------------------------------------


def _command(clause: Clause) -> Judgement:  # noqa: C901, PLR0911, PLR0912 - cases of English, in order
    lemma, tail = clause.lemma, _tail(clause)
    after = _text(tail[:4])
    if lemma == "want" and clause.words[clause.verb].role == "wish":
        return Judgement("task", clause.verb)
    if lemma == "be" or (lemma == "do" and after.split()[:1] in (["it"], ["that"], ["this"], ["so"])):
        return Judgement("note")
    if lemma == "thank" and tail and tail[0].lower not in {"you", "god", "goodness"}:
        return Judgement("task", clause.verb)
    if lemma in work.NEVER_COMMANDS:
        return Judgement("negated" if lemma in work.LEAVING else "note", clause.verb)
    if (lemma in {"make", "be"} and after.startswith("sure")) or lemma == "ensure":
        return Judgement("constraint", clause.verb)
    if lemma in work.LEAVING and not after.startswith(work.LEAVING_WORK):
        return Judgement("negated", clause.verb)
    if lemma == "keep":
        if len(tail) > 1 and tail[0].tag == "VG" and _is_work(tail[0].lemma):
            return Judgement("task", clause.verb + 1)
        return Judgement("task" if after.startswith(work.KEEPING_WORK) else "note", clause.verb)
    if lemma == "let":
        return Judgement("note" if after.startswith(("me", "us")) else "task", clause.verb)
    if lemma in {"see", "refer"} and (
        not tail or after.startswith(work.SEEING_NOTE) or tail[0].kind in {"url", "code"}
    ):
        return Judgement("note")
    if lemma in {"use", "prefer"} and not any(w.tag == "TO" for w in tail):
        return Judgement("note" if not clause.cues and not clause.label else "task", clause.verb)
    if lemma in {"start", "begin", "continue", "finish"} and tail:
        return _started(clause, tail)
    if lemma in {"say", "think", "know", "believe", "look"} and lemma not in {"look", "say"}:
        return Judgement("note", clause.verb)
    return Judgement("task", clause.verb)


def _started(clause: Clause, tail: list[Word]) -> Judgement:
    """ "Start by cleaning the data", "begin with the export": the work is what is started."""
    if tail[0].lower in {"by", "with"} and len(tail) > 1 and tail[1].tag == "VG":
        return Judgement("task", clause.verb + 2)
    if tail[0].tag == "VG":
        return Judgement("task", clause.verb + 1)
    return Judgement("task", clause.verb)


# --- statements ----------------------------------------------------------------------------------------------------


def _statement(clause: Clause) -> Judgement:  # noqa: C901, PLR0911, PLR0912 - cases of English, in order
    verb = clause.words[clause.verb]
    aux = {w.lower for w in clause.aux}
    _text(clause.subject)
    first = clause.subject[0].lower if clause.subject else ""
    if (
        verb.lemma in work.HAPPENING
        and names_action(clause.subject)
        and verb.tag not in {"VD", "VN"}
        and not aux & {"has", "have", "had", "was", "were"}
    ):
        return Judgement("happening")
    if first == "neither" and verb.tag == "VN" and aux & {"has", "have", "been", "is", "are"}:
        return Judgement("task", clause.verb)
    negative = bool(aux & function.NEGATIONS) or first in {"nobody", "none", "neither", "nothing", "no"}
    if negative:
        return _negative(clause, verb, aux)
    if first in {"there", "there's"} and (at := _to_be_done(clause.words)) > 0:
        return Judgement("task", at)
    if clause.subject and clause.subject[-1].lower == "there":
        return Judgement("task" if aux & work.OBLIGING else "note", clause.verb)
    if verb.tag == "VD":
        return Judgement("note")
    obliged = _obligation(clause, aux)
    if (obliged in {"must", "will"}) and not (verb.lemma == "be" and _text(_tail(clause)).startswith(work.NECESSARY)):
        return _modal(clause, verb, obliged, first)
    if (
        verb.lemma == "be"
        and obliged in {"would", "will"}
        and names_action(clause.subject)
        and _text(_tail(clause)).startswith(work.NECESSARY)
    ):
        return Judgement("happening")
    if obliged == "would":
        return _would(clause, verb)
    if _is_habit(clause) and verb.tag in {"V", "VZ"}:
        return Judgement("note")
    if verb.lemma in work.WISHES and verb.tag in {"V", "VZ"}:
        return _wish(clause)
    if aux & {"has", "have", "had", "been", "i've", "we've", "was", "were", "did", "it's"} and not (aux & {"to"}):
        return Judgement("note")
    if verb.lemma == "be" and _is_called_for(clause):
        return Judgement("happening")
    if verb.tag in {"VG", "BE"}:
        return Judgement("note")
    if (
        verb.tag == "VN"
        and verb.lemma in {"need", "require", "miss"}
        and clause.subject
        and clause.subject[0].lower in {"a", "an", "another", "some", "new", "two", "three"}
    ):
        return Judgement("happening")
    if verb.tag == "VN" and aux & {"is", "are", "gets", "get", "being"}:
        return _passive(clause, verb)
    return _present(clause, verb, first)


def _to_be_done(words: list[Word]) -> int:
    """ "The house to be called": the index of that participle, or -1."""
    for k in range(2, len(words)):
        if words[k].tag == "VN" and words[k - 1].lower == "be" and words[k - 2].tag == "TO":
            return k
    return -1


def _is_called_for(clause: Clause) -> bool:
    """ "A load test would be a must", "the signatures are still missing"."""
    tail = _text(_tail(clause))
    if (
        clause.subject
        and clause.subject[0].lower in {"a", "an", "another", "some", "new", "two", "three"}
        and tail.startswith(
            ("needed", "required", "necessary", "missing", "also needed", "also required", "still needed")
        )
    ):
        return True
    return tail.startswith(work.NECESSARY_ANYWAY) or (names_action(clause.subject) and tail.startswith(work.NECESSARY))


def _negative(clause: Clause, verb: Word, aux: set[str]) -> Judgement:
    """ "The expenses haven't been submitted (yet)" asks for it; other negatives do not."""
    if "since" in _text(clause.words).split() or verb.lemma in {"touch", "change", "see", "use", "maintain", "know"}:
        return Judgement("note")
    if (
        aux & {"hasn't", "haven't", "not", "isn't", "aren't"}
        and verb.tag == "VN"
        and _is_work(verb.lemma)
        and ("been" in aux or "yet" in _text(clause.words).split() or "still" in _text(clause.words).split())
    ):
        return Judgement("task", clause.verb)
    if aux & {"can't", "cannot"} and verb.tag == "VN" and _is_work(verb.lemma) and clause.has_cue("beforehand"):
        return Judgement("task", clause.verb)  # "the film can't be uploaded before that"
    if aux & {"mustn't", "shouldn't", "don't", "not", "can't", "cannot"}:
        return Judgement("negated", clause.verb)
    return Judgement("note")


def _obligation(clause: Clause, aux: set[str]) -> str:
    text = " " + _text([w for w in clause.aux if w.tag not in {"RB", "DT"}]) + " "
    if aux & {"should", "must", "shall", "ought"} or any(f" {p} " in text for p in work.OBLIGING_PHRASES):
        return "must"
    if aux & {"will", "it'll", "we'll", "he'll", "she'll", "they'll", "i'll", "can", "you'll"}:
        return "will"
    if aux & {"would", "i'd", "we'd", "it'd", "they'd", "could", "might", "may", "he'd", "she'd", "you'd"}:
        return "would"
    return ""


def _modal(clause: Clause, verb: Word, obliged: str, first: str) -> Judgement:  # noqa: C901, PLR0911, PLR0912 - cases of English, in order
    if verb.tag == "BE" or verb.lemma in {"be", "have"} or verb.lemma == "":
        return Judgement(
            "task" if verb.lemma == "have" and clause.wishes and any(w.tag == "VN" for w in _tail(clause)) else "note",
            clause.verb,
        )
    passive = verb.tag == "VN"
    if verb.lemma == "end" and _text(_tail(clause)).startswith("up "):
        return Judgement("task", clause.verb)
    if obliged == "must" and verb.lemma in {"stop", "start", "begin"} and [w.tag for w in _tail(clause)[:1]] == ["VG"]:
        return Judgement("task", clause.verb)
    if verb.lemma in work.FINISHING and (
        passive or first in function.ANAPHORS or first in {"this", "everything", "all"}
    ):
        return Judgement("note")
    if verb.lemma in work.SPECIFYING and not passive and not _has_particle(clause):
        return Judgement("note")
    if verb.tag == "VG":
        return Judgement("note")
    if (
        verb.lemma in inflect.STATIVE
        and verb.lemma not in inflect.KIND_OF
        and not passive
        and verb.lemma not in work.WISHES
    ):
        return Judgement("note")
    if verb.lemma in work.WISHES and not passive:
        return _wish(clause)
    if obliged == "will":
        can = any(w.lower == "can" for w in clause.aux)
        if passive:
            return Judgement("task" if can or _is_work(verb.lemma) else "note", clause.verb)
        if (
            can
            and verb.lemma in work.MOVING
            and _text(_tail(clause)).startswith(("out", "live", "ahead", "to", "into"))
        ):
            return Judgement("task", clause.verb)
        if can:
            return Judgement("task" if _is_actor(clause.subject) and _is_work(verb.lemma) else "note", clause.verb)
        return Judgement("task" if _is_work(verb.lemma) and _is_actor(clause.subject) else "note", clause.verb)
    if passive or _is_work(verb.lemma) or verb.lemma not in inflect.STATIVE:
        return Judgement("task", clause.verb)
    return Judgement("note")


def _has_particle(clause: Clause) -> bool:
    """ "Work out the cause", "run through the list": the particle makes work of a plain verb."""
    tail = _tail(clause)
    return (
        bool(tail)
        and tail[0].lower in {"out", "up", "off", "over", "through", "on", "down", "at", "into"}
        and len(tail) > 1
        and tail[1].tag in {"DT", "PS", "N", "CD", "JJ", "WH", "PRP"}
    )


def _would(clause: Clause, verb: Word) -> Judgement:
    if verb.lemma in {"use", "do"} and _text(_tail(clause)[:1]) in {
        "with",
        "a",
        "an",
        "some",
        "another",
        "new",
        "more",
        "better",
    }:
        return _could_do_with(clause)
    if verb.lemma in work.WISHES or verb.lemma in {"like", "love", "appreciate", "prefer", "want", "expect", "need"}:
        return _wish(clause)
    if verb.lemma in {"take", "involve", "require", "mean"} and _text(clause.subject) in work.EFFORTS:
        return Judgement("task", clause.verb)
    return Judgement("note")


def _could_do_with(clause: Clause) -> Judgement:
    """ "The icons could use a refresh", "the tyres could do with replacing"."""
    at = next(
        (k for k in range(clause.verb + 1, len(clause.words)) if clause.words[k].tag in {"VG", "VN"}), clause.verb
    )
    return Judgement("wish", at)


def _wish(clause: Clause) -> Judgement:
    """What is wished for: a participle ("migrated"), an infinitive ("to be checked"), an ing-form ("sorting") or a thing."""
    words, start = clause.words, clause.verb + 1
    for j in range(start, len(words)):
        word = words[j]
        if word.tag in {"WH", "SC"} or word.lower in {"that", "which"}:
            break
        if (
            word.tag == "VN"
            and words[j - 1].tag not in {"DT", "PS", "JJ", "CD", "IN"}
            and (j + 1 == len(words) or words[j + 1].tag in {"IN", "RB", "TO", "CC"})
        ):
            return Judgement("wish", j) if _is_work(word.lemma) or word.lemma else Judgement("note")
        if word.tag == "VN" and words[j - 1].tag == "BE":
            return Judgement("wish", j)
        if word.tag == "VG" and j == start:
            return Judgement("wish", j)
        if word.tag == "V" and words[j - 1].tag in {"TO", "N", "PRP"} and _is_work(word.lemma):
            return Judgement("wish", j)
        if word.tag == "BE" and not (j + 1 < len(words) and words[j + 1].tag in {"VN", "RB"}):
            return Judgement("goal", clause.verb)
    return _wished_thing(clause, words, start)


def _wished_thing(clause: Clause, words: list[Word], start: int) -> Judgement:
    tail = words[start:]
    head = _head_noun(tail)
    if not tail or head in work.VAGUE_NEEDS or tail[0].tag in {"IN", "SC"}:
        return Judgement("note")
    if tail[0].lower in {
        "a",
        "an",
        "some",
        "one",
        "two",
        "three",
        "another",
        "new",
        "both",
        "the",
        "our",
        "your",
        "their",
    } or tail[0].tag in {"CD", "JJ", "N"}:
        return Judgement("wish", clause.verb)
    return Judgement("note")


def _head_noun(words: list[Word]) -> str:
    """The last noun before a preposition, a relative or the end."""
    head = ""
    for word in words:
        if word.tag in {"IN", "WH", "TO", "SC", "P", "MD", "BE"}:
            break
        if word.tag in {"N", "VG", "PRP"}:
            head = word.lower
    return head


def _passive(clause: Clause, verb: Word) -> Judgement:
    """ "The summary is condensed from the report": work if it reads as a step, a state otherwise."""
    if verb.lemma in work.STATES or not _is_work(verb.lemma) or _is_habit(clause):
        return Judgement("note")
    return Judgement("described", clause.verb)


def _present(clause: Clause, verb: Word, first: str) -> Judgement:
    if _is_habit(clause) or (verb.lemma in work.SAYING and any(w.lower == "that" for w in _tail(clause)[:3])):
        return Judgement("note")
    if first in {"i", "we"} and verb.tag == "V":
        return Judgement("task" if _is_work(verb.lemma) and verb.lemma not in work.HABITUAL else "note", clause.verb)
    if verb.lemma in work.MOVING and any(
        w.lower in {"into", "to", "in", "on", "from", "out", "after", "last", "first"} for w in _tail(clause)[:2]
    ):
        return Judgement("task" if first not in {"it", "this", "that"} or verb.lemma == "go" else "note", clause.verb)
    if verb.lemma == "look" and not _has_particle(clause):
        return Judgement("note")
    if (
        _is_actor(clause.subject)
        and _is_work(verb.lemma)
        and (verb.lemma not in work.SPECIFYING or _has_particle(clause))
    ):
        return Judgement("task", clause.verb)
    return Judgement("note", clause.verb)


def _is_habit(clause: Clause) -> bool:
    text = " " + _text(clause.words) + " "
    return any(f" {w} " in text for w in work.HABIT)


def _is_actor(subject: list[Word]) -> bool:
    """True if the subject can be given work: a role, a team, a person's name, "somebody", "we"."""
    if not subject:
        return False
    words = [w for w in subject if w.tag != "RB"]
    head = ""
    last: Word | None = None
    for word in words:
        if word.tag == "IN" and head:
            break
        if word.tag in {"N", "PRP", "JJ", "VG"}:
            head = word.lower
            last = word
    if last is not None and last.text == "IT":
        return True
    if (
        head.rstrip("'s") in nouns.ACTORS
        or head in nouns.ACTORS
        or head
        in {"i", "we", "you", "they", "she", "he", "someone", "somebody", "everyone", "everybody", "somone", "who"}
    ):
        return True
    if not head:
        return bool(words) and words[0].lower in {"all", "both", "each", "one"}
    return last is not None and (_is_name(last) or (nouns.is_agent(head) and not inflect.lemma(head)))


def _is_name(word: Word) -> bool:
    """A capitalised word that is no common word: a person or a firm."""
    return (
        word.text[:1].isupper()
        and word.text[1:].islower()
        and not inflect.lemma(word.lower)
        and word.lower not in nouns.TIMES
        and word.lower not in nouns.ACTION_NOUNS
        and not word.lower.endswith(("s", "ing", "tion"))
    )


# --- the rest ------------------------------------------------------------------------------------------------------


def _phrase(_clause: Clause) -> Judgement:
    return Judgement("phrase")


def names_action(words: list[Word]) -> bool:
    """True if a noun phrase is headed by the name of an action: "a load test", "the migration of the database"."""
    head = _head_noun(words)
    return head in nouns.ACTION_NOUNS or head.endswith(nouns.ACTION_SUFFIXES) or bool(inflect.gerund(head))


def _continuation(clause: Clause, previous: Judgement | None) -> Judgement:
    if previous is not None and previous.kind in {"task", "wish", "described", "goal"}:
        if clause.mood == "cont" and clause.words and clause.words[clause.verb].tag in {"BE", "HV"}:
            return Judgement("note")
        if (
            clause.mood == "cont"
            and any(w.tag == "MD" for w in clause.words[:2])
            and clause.lemma in {"start", "begin", "run", "happen", "wait", "go"}
        ):
            return Judgement("note")
        kind = previous.kind if previous.kind != "goal" else "wish"
        return Judgement(kind, clause.verb)
    if clause.mood == "cont" and clause.lemma in {"need", "want", "require"}:
        return _wish(clause)
    if clause.mood == "part" and clause.words and clause.words[0].lower == "with":
        return Judgement("note")
    return Judgement("note")
