"""The promise holds in the model, in every state that there is; and each protective step is there for a reason."""

from __future__ import annotations

import pytest
from tests.unit.reconcile.protocol.model import Faults, Protocol, Steps, explore

HOLDS = [
    pytest.param(Protocol(operators=2), id="two operators decide side by side from caches that lag"),
    pytest.param(
        Protocol(operators=1, most_attempts=3, shows=True, faults=Faults(crashes=1)),
        id="an operator crashes, three attempts",
    ),
    pytest.param(Protocol(operators=1, faults=Faults(evictions=1, lost_answers=1)), id="evictions and lost answers"),
    pytest.param(
        Protocol(operators=1, most_attempts=1, faults=Faults(lost_answers=1, replacements=1)),
        id="a namesake and a lost answer",
    ),
    pytest.param(Protocol(operators=1, shows=True, faults=Faults(despairs=1, evictions=1)), id="given up, and evicted"),
    pytest.param(
        Protocol(operators=2, most_attempts=1, faults=Faults(evictions=1)), id="two operators, and an eviction"
    ),
]


@pytest.mark.parametrize("protocol", HOLDS)
def test_the_promise_holds_in_every_state(protocol: Protocol) -> None:
    found = explore(protocol, overlap=True)
    assert found.broken == {}
    assert found.stuck == 0, "from some states no end can be reached"
    assert found.states > 300


BROKEN = [
    pytest.param(
        Protocol(Steps(names_are_deterministic=False)),
        "two live pods of one attempt",
        4,
        id="pods have names by chance",
    ),
    pytest.param(
        Protocol(Steps(status_is_written_with_its_version=False)),
        "a terminal phase is written over",
        9,
        id="the status is written without its version",
    ),
    pytest.param(
        Protocol(Steps(attempt_is_written_before_its_pod=False), faults=Faults(despairs=1)),
        "a pod that was made for another attempt than the one written down",
        8,
        id="a pod is created before its attempt is written",
    ),
    pytest.param(
        Protocol(
            Steps(owner_is_checked=False), operators=1, most_attempts=1, faults=Faults(lost_answers=1, replacements=1)
        ),
        "the end of another SubTask's pod is recorded",
        9,
        id="AlreadyExists is taken without asking whose it is",
    ),
    pytest.param(
        Protocol(Steps(deletes_have_preconditions=False), operators=1, most_attempts=1, faults=Faults(replacements=1)),
        "a pod was deleted that nobody decided on",
        11,
        id="deletes are by name only",
    ),
    pytest.param(
        Protocol(Steps(lost_pods_are_asked_for=False), shows=True),
        "two attempts live at once",
        9,
        id="a pod that a cache lacks is taken for lost",
    ),
    pytest.param(
        Protocol(Steps(one_attempt_after_the_other=False), operators=1, faults=Faults(despairs=1)),
        "two attempts live at once",
        6,
        id="the next attempt does not wait for the pod of the one before",
    ),
]


@pytest.mark.parametrize(("protocol", "broken", "steps"), BROKEN)
def test_without_a_step_the_promise_breaks(protocol: Protocol, broken: str, steps: int) -> None:
    """``steps`` is the length of the shortest way there: docs/protocol.md tells each."""
    found = explore(protocol, overlap=broken == "two attempts live at once", first=True).broken
    print("\n".join(f"{number:2} {told}" for number, told in enumerate(found.get(broken, ()), 1)))
    assert {what: len(way) for what, way in found.items()} == {broken: steps}


def test_own_writes_are_seen_to_save_requests_only() -> None:
    """Safe without: names, versions and owners catch what an old cache asks for. It costs more writes that are refused."""
    faults = Faults(crashes=1, lost_answers=1)
    seen, unseen = (
        explore(Protocol(Steps(own_writes_are_seen=own), operators=1, faults=faults), overlap=True)
        for own in (True, False)
    )
    assert seen.broken == unseen.broken == {}
    assert unseen.states > seen.states


def test_what_is_not_promised() -> None:
    """A create on its way through a crash, and then an eviction and a pod given up: the first attempt comes back to life."""
    found = explore(Protocol(operators=1, faults=Faults(evictions=1, crashes=1, despairs=1)), overlap=True, first=True)
    assert {what: len(way) for what, way in found.broken.items()} == {"two attempts live at once": 11}
