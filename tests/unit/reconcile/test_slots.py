"""Who may go first, and that nobody waits for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from taskdist.reconcile.advance import lock_slot
from taskdist.reconcile.slots import Claimant, Kind, Rank, Slot, Slots

START = datetime(2026, 1, 1, tzinfo=UTC)
LOCK = Slot(Kind.LOCK, "table", "team")


def who(name: str, distribution: str = "d") -> Claimant:
    return Claimant("team", distribution, name)


def rank(priority: int = 0, age: int = 0, name: str = "") -> Rank:
    return Rank(-priority, START - timedelta(seconds=age), 0, name)


def test_a_lock_is_held_by_one_and_the_holder_is_named() -> None:
    slots = Slots()
    assert slots.claim(who("a"), (LOCK,), rank()) is None
    blocked = slots.claim(who("b"), (LOCK,), rank())
    assert blocked is not None
    assert blocked.by == (who("a"),)
    assert blocked.message == "waits for lock table, held or asked for earlier by d/a"
    assert slots.release(who("a")) == (who("b"),)
    assert slots.claim(who("b"), (LOCK,), rank()) is None


def test_priority_goes_before_age_and_age_before_arrival() -> None:
    slots = Slots()
    slots.claim(who("holder"), (LOCK,), rank())
    slots.claim(who("young"), (LOCK,), rank(age=1))
    slots.claim(who("old"), (LOCK,), rank(age=9))
    slots.claim(who("urgent"), (LOCK,), rank(priority=5))
    assert slots.release(who("holder")) == (who("urgent"),)
    assert slots.claim(who("young"), (LOCK,), rank(age=1)) is not None
    assert slots.claim(who("urgent"), (LOCK,), rank(priority=5)) is None
    assert slots.release(who("urgent")) == (who("old"),)
    assert slots.release(who("old")) == (who("young"),), "who was called and does not want it any more is passed over"


def test_a_semaphore_has_room_for_as_many_as_it_says() -> None:
    assert lock_slot("licence=2", "team") == Slot(Kind.LOCK, "licence", "team")
    assert lock_slot("licence=2", "team").room == 2
    assert lock_slot("a=b", "team").name == "a=b"
    slots = Slots()
    two = (lock_slot("licence=2", "team"),)
    assert [slots.claim(who(n), two, rank()) is None for n in "abc"] == [True, True, False]


def test_a_place_does_not_stand_empty_for_somebody_who_waits_for_a_lock() -> None:
    slots = Slots()
    place = Slot(Kind.AGENT_TYPE, "general", room=1)
    slots.claim(who("holder"), (LOCK,), rank())
    assert slots.claim(who("both"), (LOCK, place), rank(age=9)) is not None
    assert slots.claim(who("plain"), (place,), rank()) is None


def test_of_equal_priority_the_distribution_with_fewer_places_goes_first() -> None:
    slots = Slots()
    place = Slot(Kind.AGENT_TYPE, "general", room=2)
    for name in "ab":
        slots.claim(who(name, "old"), (place,), rank(age=9))
    slots.claim(who("c", "old"), (place,), rank(age=9, name="c"))
    slots.claim(who("x", "new"), (place,), rank(age=1, name="x"))
    slots.release(who("a", "old"))
    assert slots.claim(who("c", "old"), (place,), rank(age=9, name="c")) is not None
    assert slots.claim(who("x", "new"), (place,), rank(age=1, name="x")) is None


def test_locks_of_two_namespaces_are_two_locks() -> None:
    slots = Slots()
    other = Slot(Kind.LOCK, "table", "other")
    assert slots.claim(who("a"), (LOCK,), rank()) is None
    assert slots.claim(Claimant("other", "d", "a"), (other,), rank()) is None


CLAIMS = st.lists(st.sets(st.integers(0, 5), max_size=4), min_size=1, max_size=12)


@settings(max_examples=300, deadline=None)
@given(
    claims=CLAIMS, rooms=st.lists(st.integers(1, 3), min_size=6, max_size=6), order=st.randoms(use_true_random=False)
)
def test_everybody_gets_everything_in_the_end_and_never_too_many_at_once(claims, rooms, order) -> None:
    """No deadlock: whatever the claims, ranks, and the order of ends, all run to their end; no slot is ever overfull."""
    table = [Slot(Kind.LOCK if i % 2 else Kind.AGENT_TYPE, str(i), room=rooms[i]) for i in range(6)]
    wanted = {who(f"t{n}", f"d{n % 3}"): tuple(table[i] for i in sorted(claim)) for n, claim in enumerate(claims)}
    ranks = {w: rank(order.randint(0, 2), order.randint(0, 3), str(w)) for w in wanted}
    slots, waiting, running = Slots(), list(wanted), []
    ended = 0
    while waiting or running:
        order.shuffle(waiting)
        started = [w for w in waiting if slots.claim(w, wanted[w], ranks[w]) is None]
        waiting = [w for w in waiting if w not in started]
        running += started
        for slot in table:
            assert sum(slot in wanted[w] for w in running) <= slot.room
        assert running, "all wait and none holds anything: a deadlock"
        gone = running.pop(order.randrange(len(running)))
        slots.release(gone)
        ended += 1
    assert ended == len(claims)
    assert not list(slots.waiting())


@settings(max_examples=300, deadline=None)
@given(
    claims=CLAIMS, rooms=st.lists(st.integers(1, 3), min_size=6, max_size=6), order=st.randoms(use_true_random=False)
)
def test_everybody_gets_everything_although_only_those_who_are_called_ask_again(claims, rooms, order) -> None:
    """Each asks once, and then when it is called. Some want nothing any more when they are called, and the next one is."""
    table = [Slot(Kind.LOCK if i % 2 else Kind.AGENT_TYPE, str(i), room=rooms[i]) for i in range(6)]
    wanted = {who(f"t{n}", f"d{n % 3}"): tuple(table[i] for i in sorted(claim)) for n, claim in enumerate(claims)}
    ranks = {w: rank(order.randint(0, 2), order.randint(0, 3), str(w)) for w in wanted}
    slots, running, asking = Slots(), [], list(wanted)
    tired = {w for w in wanted if order.random() < 0.2}
    asked, ended = set(), set()
    while len(ended) < len(wanted):
        while asking:
            one = asking.pop(order.randrange(len(asking)))
            if one in ended or one in running:
                continue
            if one in asked and one in tired:
                ended.add(one)
                asking += slots.release(one)
            elif slots.claim(one, wanted[one], ranks[one]) is None:
                running.append(one)
            asked.add(one)
        for slot in table:
            assert sum(slot in wanted[w] for w in running) <= slot.room
        if len(ended) == len(wanted):
            break
        assert running, "all wait, nobody is called: they would wait for ever"
        gone = running.pop(order.randrange(len(running)))
        ended.add(gone)
        asking += slots.release(gone)
    assert not list(slots.waiting())
    assert not any((slots._held, slots._holders, slots._shares, slots._waiting, slots._waiters))


def test_an_end_calls_one_of_thousands() -> None:
    slots, place = Slots(), Slot(Kind.AGENT_TYPE, "general", room=50)
    for number in range(3050):
        slots.claim(who("t", f"d{number}"), (place,), rank(age=5000 - number, name=f"{number:04}"))
    assert slots.release(who("t", "d7")) == (who("t", "d50"),)


def test_who_is_held_up_elsewhere_by_now_lets_the_next_one_be_called() -> None:
    slots = Slots()
    x, y = Slot(Kind.AGENT_TYPE, "x", room=2), Slot(Kind.AGENT_TYPE, "y", room=1)
    slots.claim(who("h"), (x, y), rank())
    slots.claim(who("other", "old"), (x,), rank())
    assert slots.claim(who("w", "old"), (LOCK, y, x), rank(age=9)) is not None  # for want of y
    assert slots.claim(who("v", "young"), (y,), rank(age=1)) is not None
    assert slots.claim(who("q"), (LOCK,), rank(priority=5)) is None
    assert slots.release(who("h")) == (who("v", "young"),)
