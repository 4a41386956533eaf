"""Who holds what across all distributions: locks, and places of agent types, namespaces and probes.

A subtask takes everything that it needs in one step, when its pod is created, and gives it all back when the pod has ended.
Nobody holds one thing while waiting for another, so there is no deadlock (property-tested). Who may go first is a matter of rank:
priority, then age. A better-ranked waiter keeps its turn at a lock; at a counted place it keeps it only while nothing else holds
it up, so that a place never stands empty for the sake of somebody who could not use it.

The holders are those whose pods are seen alive: the table is filled from the pods before the first decision after a start, and
kept by what is observed since. It is a cache of the cluster, like a projection.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from taskdist.api.names import SubTaskReason


class Kind(StrEnum):
    """What can be held."""

    LOCK = "lock"
    AGENT_TYPE = "agent type"
    NAMESPACE = "namespace"
    PROBE = "probe"


REASON = {
    Kind.LOCK: SubTaskReason.LOCK_HELD,
    Kind.AGENT_TYPE: SubTaskReason.AGENT_TYPE_BUSY,
    Kind.NAMESPACE: SubTaskReason.NAMESPACE_BUSY,
    Kind.PROBE: SubTaskReason.PROVIDER_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Claimant:
    """One subtask of one distribution."""

    namespace: str
    distribution: str
    subtask: str

    def __str__(self) -> str:
        return f"{self.distribution}/{self.subtask}"


@dataclass(frozen=True, slots=True)
class Slot:
    """Something of which at most ``room`` claimants may have a part at a time. Locks are named within a namespace."""

    kind: Kind
    name: str
    namespace: str = ""
    room: int = field(default=1, compare=False)

    def __str__(self) -> str:
        return f"{self.kind.value} {self.name}"


@dataclass(frozen=True, slots=True, order=True)
class Rank:
    """Who goes first: the higher priority, then the older distribution, then the more important subtask, then the name."""

    negative_priority: int
    since: datetime
    negative_importance: int
    name: str


Share = tuple[str, str]
"""Namespace and name of a distribution that holds places."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a claim was not granted: the first slot that had no room, and who holds it or goes before."""

    slot: Slot
    by: tuple[Claimant, ...]

    @property
    def reason(self) -> SubTaskReason:
        """The same as a reason of a subtask."""
        return REASON[self.slot.kind]

    @property
    def message(self) -> str:
        """The same in words."""
        names = ", ".join(str(c) for c in self.by[:3]) + (f" and {len(self.by) - 3} more" if len(self.by) > 3 else "")
        return f"waits for {self.slot}, held or asked for earlier by {names}"


@dataclass(slots=True)
class Slots:
    """The table. All operations cost what the claims to the slots at hand cost, not what the table holds."""

    _held: dict[Claimant, tuple[Slot, ...]] = field(default_factory=dict)
    _holders: dict[Slot, dict[Claimant, None]] = field(default_factory=dict)
    _shares: dict[Slot, Counter[Share]] = field(default_factory=dict)
    _waiting: dict[Claimant, tuple[Rank, tuple[Slot, ...], Slot]] = field(default_factory=dict)
    _waiters: dict[Slot, dict[Claimant, None]] = field(default_factory=dict)

    def claim(self, who: Claimant, slots: tuple[Slot, ...], rank: Rank) -> Blocked | None:
        """Take all slots, or none and wait; whoever has them already keeps them.

        Returns:
            ``None`` if granted, else what stands in the way.
        """
        if who in self._held:
            return None
        blocked = self._obstacle(who, slots, rank)
        if blocked is None:
            self.withdraw(who)
            self.hold(who, slots)
            return None
        self.withdraw(who)
        self._waiting[who] = (rank, slots, blocked.slot)
        for slot in slots:
            self._waiters.setdefault(slot, {})[who] = None
        return blocked

    def hold(self, who: Claimant, slots: tuple[Slot, ...]) -> None:
        """Record that ``who`` has these slots and no others, granted or seen."""
        for slot in self._held.pop(who, ()):
            self._leave(slot, who)
        if slots:
            self._held[who] = slots
            for slot in slots:
                self._enter(slot, who)

    def release(self, who: Claimant) -> tuple[Claimant, ...]:
        """Give back all that ``who`` holds or waits for; returns the waiters whose claims would be granted now.

        Whoever of them does not claim any more has to be released in turn: so the next one is found.
        """
        held, waited = self._held.pop(who, ()), self.withdraw(who)
        for slot in held:
            self._leave(slot, who)
        return self._grantable((*held, *waited))

    def withdraw(self, who: Claimant) -> tuple[Slot, ...]:
        """Wait no longer; returns the slots that were waited for."""
        waited = self._waiting.pop(who, None)
        if waited is None:
            return ()
        for slot in waited[1]:
            _discard(self._waiters, slot, who)
        return waited[1]

    def holds(self, who: Claimant) -> bool:
        """True if it holds anything."""
        return who in self._held

    def waiting(self) -> Iterator[tuple[Claimant, Slot]]:
        """Everybody who waits, and the slot that held them up."""
        for who, (_, _, slot) in self._waiting.items():
            yield who, slot

    def holders(self, slot: Slot) -> tuple[Claimant, ...]:
        """Who has a part of it."""
        return tuple(self._holders.get(slot, ()))

    def _grantable(self, given: tuple[Slot, ...]) -> tuple[Claimant, ...]:
        """Those who wait for a part of ``given`` and would get all they wait for, as if they took it one after the other.

        Of the others it is recorded what holds them up now, as far as that can have changed. To wake them all, and let each look
        for itself, took the time of thousands of decisions at every end of a pod.
        """
        lined_up = {w: slot for slot in reversed(given) for w in self._waiters.get(slot, ())}
        found: dict[Claimant, tuple[Slot, ...]] = {}
        moved = bool(lined_up)
        while moved:
            moved = False
            heap = [(self._turn(w, slot), i, w) for i, (w, slot) in enumerate(lined_up.items()) if w not in found]
            heapq.heapify(heap)
            while heap and any(len(self._holders.get(slot, ())) < slot.room for slot in given):
                who = heapq.heappop(heap)[2]
                rank, slots, before = self._waiting[who]
                blocked = self._obstacle(who, slots, rank)
                if blocked is None:
                    found[who] = slots
                    for slot in slots:
                        self._enter(slot, who)
                        _discard(self._waiters, slot, who)
                elif blocked.slot != before:
                    self._waiting[who] = (rank, slots, blocked.slot)
                    moved = True  # somebody may have waited for its turn at the other slot
        for who, slots in found.items():
            for slot in slots:
                self._leave(slot, who)
                self._waiters.setdefault(slot, {})[who] = None
        return tuple(found)

    def _turn(self, who: Claimant, slot: Slot) -> tuple[int, int, Rank]:
        """The order at one slot; see :meth:`_goes_before`."""
        rank = self._waiting[who][0]
        return rank.negative_priority, 0 if slot.kind is Kind.LOCK else self._share(slot, who), rank

    def _share(self, slot: Slot, who: Claimant) -> int:
        """How many places the distribution of ``who`` has."""
        shares = self._shares.get(slot)
        return shares[who.namespace, who.distribution] if shares is not None else 0

    def _enter(self, slot: Slot, who: Claimant) -> None:
        holders = self._holders.setdefault(slot, {})
        if who not in holders:
            holders[who] = None
            self._shares.setdefault(slot, Counter())[who.namespace, who.distribution] += 1

    def _leave(self, slot: Slot, who: Claimant) -> None:
        if who not in self._holders.get(slot, ()):
            return
        _discard(self._holders, slot, who)
        shares = self._shares[slot]
        shares[who.namespace, who.distribution] -= 1
        if not shares[who.namespace, who.distribution]:
            del shares[who.namespace, who.distribution]
        if not shares:
            del self._shares[slot]

    def _obstacle(self, who: Claimant, slots: Iterable[Slot], rank: Rank) -> Blocked | None:
        for slot in slots:
            holders = self._holders.get(slot, {})
            if len(holders) >= slot.room:
                return Blocked(slot, tuple(holders))
            before = [w for w in self._waiters.get(slot, ()) if w != who and self._goes_before(w, who, slot, rank)]
            if len(holders) + len(before) >= slot.room:
                return Blocked(slot, (*holders, *before))
        return None

    def _goes_before(self, other: Claimant, who: Claimant, slot: Slot, rank: Rank) -> bool:
        theirs, _, obstacle = self._waiting[other]
        if slot.kind is Kind.LOCK:
            return theirs < rank
        if obstacle != slot:
            return False
        # Counted places are shared out: of equal priority, the distribution that has fewer goes first.
        return (theirs.negative_priority, self._share(slot, other), theirs) < (
            rank.negative_priority,
            self._share(slot, who),
            rank,
        )


def _discard(table: dict[Slot, dict[Claimant, None]], slot: Slot, who: Claimant) -> None:
    members = table.get(slot)
    if members is not None:
        members.pop(who, None)
        if not members:
            del table[slot]
