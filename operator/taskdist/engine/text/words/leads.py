"""Words in front of a colon."""

from __future__ import annotations

COMPARISONS = frozenset(
    [
        "≥",
        "≤",
        "<",
        ">",
        "=",
        "below",
        "above",
        "under",
        "over",
        "yes",
        "no",
        "ok",
        "fail",
        "fails",
        "failed",
        "failure",
        "success",
        "successful",
        "pass",
        "passes",
        "passed",
        "green",
        "red",
        "error",
        "errors",
        "found",
        "approved",
        "rejected",
        "otherwise",
        "else",
        "between",
        "more",
        "less",
        "at",
        "least",
        "most",
        "none",
        "match",
        "mismatch",
        "hit",
        "miss",
        "valid",
        "invalid",
    ]
) - {"at"}
GENERIC = frozenset(
    [
        "following",
        "these",
        "this",
        "those",
        "steps",
        "step",
        "things",
        "thing",
        "tasks",
        "task",
        "items",
        "item",
        "order",
        "point",
        "points",
        "jobs",
        "job",
        "list",
        "plan",
        "below",
        "actions",
        "action",
        "workstreams",
        "tracks",
        "todo",
        "todos",
        "to-do",
        "stuff",
        "checklist",
        "work",
        "way",
        "both",
        "same",
        "two",
        "three",
        "four",
        "five",
        "together",
    ]
)
# A passage under one of these is no work.
ASIDE_LEADS = frozenset(
    (
        "background", "context", "fyi", "note", "notes", "nb", "n.b", "n.b.", "why", "reason", "reasons", "motivation", "rationale", "owner", "owners", "deadline", "deadlines", "budget", "constraint", "constraints", "contact", "contacts",
        "due", "eta", "assumption", "assumptions", "history", "p.s", "p.s.", "ps", "disclaimer", "caveat", "caveats", "status", "done", "already done", "hint", "hints", "tip", "tips", "warning", "example", "examples", "reminder", "out of scope", "not in scope",
        "non-goals", "non goals", "later", "someday", "not now", "won't do", "nice to have", "scope", "audience", "links", "link", "references", "reference", "see also", "risks", "risk", "known issues", "current state", "as is", "environment", "whoever picks this up", "heads up", "heads-up", "btw", "by the way", "for your information", "for information", "for context",
        "acceptance criteria", "definition of done", "completed", "finished", "excluded", "exclusions", "careful", "caution", "important", "remember", "attention", "priority", "estimate", "effort", "timeline", "stakeholders", "requirements", "prerequisites", "prerequisite", "preconditions", "precondition", "don'ts", "don't", "not included", "ignore", "parked", "on hold", "blocked", "no-gos", "no-go", "rules", "ground rules", "info", "good to know", "not to do", "do not", "never", "limitations", "limits", "what happened", "problem", "the problem", "issue", "the issue", "symptom", "symptoms", "observation", "situation", "bug", "the bug", "last week", "yesterday", "so far", "already", "quote",
    )
)  # fmt: skip
# A sentence that opens with one of these is no work.
ASIDES = frozenset(("nb", "n.b", "n.b.", "fyi", "btw", "ps", "p.s", "p.s.", "disclaimer", "caveat", "background"))
YES = frozenset(
    (
        "yes",
        "if yes",
        "if so",
        "yes if so",
        "y",
        "then",
        "true",
        "ok",
        "if ok",
        "on success",
        "success",
        "pass",
        "passed",
        "if it does",
        "if they do",
        "if it is",
        "if they are",
        "if there are",
        "if there is",
        "if it did",
        "in that case",
        "if that's the case",
        "if that is the case",
        "if this is the case",
    )
)
NO = frozenset(("no", "if no", "n", "false", "not", "on failure", "failure", "fail", "failed", "nope"))
# The things listed behind one of these are to be done.
WORK_LEADS = frozenset(
    (
        "left to do", "to do", "todo", "todos", "missing", "still missing", "open", "outstanding", "remaining", "still open", "still to do", "needed", "still needed", "wanted", "deliverables", "deliverable", "pending", "tasks", "next steps", "action items", "actions", "wish list", "wishlist", "requests", "we need", "i need", "we still need", "still outstanding", "what's left", "what is left", "what's missing", "what is missing",
        "open points", "open items", "remaining work", "work items", "to be done", "jobs", "to prepare", "please prepare", "expected", "expected results", "outputs", "output", "results", "backlog", "agenda", "plan", "steps", "order", "please deliver", "required", "you owe us", "what we need", "what i need", "left", "on the list", "on my list", "shopping list", "must-haves", "milestones", "work packages", "assignments", "homework",
    )
)  # fmt: skip
