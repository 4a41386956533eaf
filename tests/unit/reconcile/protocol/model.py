"""A small model of how attempts are run: one SubTask, its pods, two operators with caches that lag, and what may go wrong.

Explicit states, all of them: ``explore`` goes through every interleaving, breadth first, to the end. A step of the protocol can
be left out (``Steps``), to see what it is good for. docs/protocol.md tells it in words.

What is kept of the world: a SubTask's UID, version, phase and attempt; pods by name, with owner, attempt and what they were
started for; of each operator what it last saw, its writes on their way, and nothing else. What is left out: time, the plan,
several SubTasks, resources. Watches of SubTasks and pods lag independently. A write on its way may arrive at any later moment,
after a crash of its sender too, and its answer may get lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

RUNNING, SUCCEEDED, FAILED, ENDING = "running", "succeeded", "failed", "ending"
ALIVE = frozenset({RUNNING, ENDING})
ENDED = frozenset({SUCCEEDED, FAILED})


class Pod(NamedTuple):
    """``why`` is how the attempt before ended: it decides on memory, node and agent of this one."""

    name: int
    uid: int
    owner: int
    attempt: int
    why: str
    state: str = RUNNING


class SubTask(NamedTuple):
    """``whys`` has one entry per attempt begun, ``ended`` the number of each whose end was recorded, in that order.

    ``shown``: the current attempt's pod is written down, because it ran for a while.
    """

    uid: int
    version: int = 1
    phase: str = ""
    whys: tuple[str, ...] = ("",)
    ended: tuple[int, ...] = ()
    shown: bool = False

    @property
    def attempt(self) -> int:
        return len(self.whys)


class Write(NamedTuple):
    """On its way from an operator's life: ``sender`` and ``life`` say to whom the answer goes."""

    sender: int
    life: int
    kind: str
    args: tuple[Any, ...] = ()


class Operator(NamedTuple):
    """What one replica knows. ``lost``: pods that it saw and that are gone, as it saw them last."""

    subtask: SubTask | None
    pods: tuple[Pod, ...] = ()
    lost: tuple[Pod, ...] = ()
    pending: frozenset[str] = frozenset()
    life: int = 0


class Faults(NamedTuple):
    """How many of each may still happen."""

    evictions: int = 0
    crashes: int = 0
    lost_answers: int = 0
    replacements: int = 0
    despairs: int = 0


_NONE = Faults()


class State(NamedTuple):
    """All there is. ``uids`` is the last UID given."""

    subtask: SubTask | None
    pods: tuple[Pod, ...]
    operators: tuple[Operator, ...]
    writes: tuple[Write, ...]
    faults: Faults
    uids: int


@dataclass(frozen=True)
class Steps:
    """The protective steps; each can be left out."""

    names_are_deterministic: bool = True
    attempt_is_written_before_its_pod: bool = True
    status_is_written_with_its_version: bool = True
    owner_is_checked: bool = True
    deletes_have_preconditions: bool = True
    lost_pods_are_asked_for: bool = True
    one_attempt_after_the_other: bool = True
    own_writes_are_seen: bool = True


@dataclass(frozen=True)
class Protocol:
    """A model to explore. Two ``operators`` decide side by side, which a Lease keeps from happening for long.

    ``shows``: pods run long enough to be written down while they run. A despair is the operator's own giving up of a pod: it did
    not start in time, or its node is lost.
    """

    steps: Steps = Steps()
    operators: int = 2
    most_attempts: int = 2
    faults: Faults = _NONE
    shows: bool = False

    def start(self) -> State:
        """One SubTask, seen by all; nothing has begun."""
        subtask = SubTask(1)
        return State(subtask, (), (Operator(subtask),) * self.operators, (), self.faults, 1)

    def after(self, state: State) -> Iterator[tuple[str, State, str]]:
        """Everything that may happen next: what it is called, what comes of it, and what of the promise it breaks."""
        yield from self._pods(state)
        yield from self._users(state)
        for number, operator in enumerate(state.operators):
            yield from self._sees(state, number, operator)
            yield from self._decides(state, number, operator)
        for write in dict.fromkeys(state.writes):
            yield from self._arrives(state, write)

    # --- the cluster -------------------------------------------------------------------------------------------------

    def _pods(self, state: State) -> Iterator[tuple[str, State, str]]:
        owner = state.subtask.uid if state.subtask else 0
        for pod in state.pods:
            rest = tuple(p for p in state.pods if p is not pod)
            if pod.state == RUNNING:
                for end in (SUCCEEDED, FAILED):
                    yield (
                        f"pod {pod.attempt} ends: {end}",
                        state._replace(pods=_with(rest, pod._replace(state=end))),
                        "",
                    )
            if pod.state == ENDING or (pod.owner != owner and pod.state in ENDED):
                yield f"pod {pod.attempt} is gone", state._replace(pods=rest), ""
            elif pod.owner != owner:
                yield (
                    f"pod {pod.attempt} is collected",
                    state._replace(pods=_with(rest, pod._replace(state=ENDING))),
                    "",
                )
            if pod.owner == owner and state.faults.evictions:
                faults = state.faults._replace(evictions=state.faults.evictions - 1)
                yield f"pod {pod.attempt} is evicted", state._replace(pods=rest, faults=faults), ""

    def _users(self, state: State) -> Iterator[tuple[str, State, str]]:
        if state.faults.replacements and state.subtask is not None:
            faults = state.faults._replace(replacements=state.faults.replacements - 1)
            fresh = SubTask(state.uids + 1)
            yield (
                "the SubTask is replaced by a namesake",
                state._replace(subtask=fresh, uids=fresh.uid, faults=faults),
                "",
            )

    # --- operators ---------------------------------------------------------------------------------------------------

    def _sees(self, state: State, number: int, operator: Operator) -> Iterator[tuple[str, State, str]]:
        if operator.subtask != state.subtask:
            lost = () if _uid(operator.subtask) != _uid(state.subtask) else operator.lost
            yield (
                f"{number} sees the SubTask",
                _know(state, number, operator._replace(subtask=state.subtask, lost=lost)),
                "",
            )
        if operator.pods != state.pods:
            there = {pod.uid for pod in state.pods}
            lost = {p for p in operator.pods if p.uid not in there and p.owner == _uid(operator.subtask)}
            known = operator._replace(pods=state.pods, lost=tuple(sorted({*operator.lost, *lost})))
            yield f"{number} sees the pods", _know(state, number, known), ""
        if state.faults.crashes:
            faults = state.faults._replace(crashes=state.faults.crashes - 1)
            again = Operator(state.subtask, state.pods, life=operator.life + 1)
            yield f"{number} crashes and lists", _know(state, number, again)._replace(faults=faults), ""

    def _decides(self, state: State, number: int, operator: Operator) -> Iterator[tuple[str, State, str]]:
        for wanted in self._wanted(operator, state.faults):
            if wanted and not {_key(kind) for kind, _ in wanted} & operator.pending:
                sent = tuple(Write(number, operator.life, kind, args) for kind, args in wanted)
                pending = operator.pending | {_key(kind) for kind, _ in wanted}
                faults = state.faults
                if any(kind == "record" and args[3] == "despair" for kind, args in wanted):
                    faults = faults._replace(despairs=faults.despairs - 1)
                known = _know(state, number, operator._replace(pending=pending))
                told = ", ".join(_told(w) for w in sent)
                yield (
                    f"{number} sends: {told}",
                    known._replace(writes=tuple(sorted((*state.writes, *sent))), faults=faults),
                    "",
                )

    def _wanted(self, operator: Operator, faults: Faults) -> Iterator[list[tuple[str, tuple[Any, ...]]]]:
        """What `Advance.assess` asks for."""
        subtask = operator.subtask
        if subtask is None:
            return
        mine = [pod for pod in operator.pods if pod.owner == subtask.uid]
        if subtask.phase:
            yield [("delete", (pod.name, pod.uid)) for pod in mine if pod.state == RUNNING][:1]
            return
        current = next((pod for pod in mine if pod.attempt == subtask.attempt), None)
        lost = next((pod for pod in operator.lost if pod.attempt == subtask.attempt and pod.owner == subtask.uid), None)
        if current is not None:
            if current.state in ENDED:
                yield self._end(subtask, current, current.state)
            elif current.state == RUNNING:
                if faults.despairs:
                    yield [*self._end(subtask, current, "despair"), ("delete", (current.name, current.uid))]
                if self.shows and not subtask.shown:
                    yield [("show", (subtask.uid, subtask.version))]
        elif lost is not None:
            yield self._end(subtask, lost, lost.state if lost.state in ENDED else "lost")
        elif subtask.shown:
            yield self._end(subtask, Pod(0, 0, subtask.uid, subtask.attempt, ""), "lost")
        else:
            yield self._begin(operator, subtask)

    def _begin(self, operator: Operator, subtask: SubTask) -> list[tuple[str, tuple[Any, ...]]]:
        former = [pod for pod in operator.pods if pod.owner != subtask.uid]
        if former:
            return [("delete", (pod.name, pod.uid)) for pod in former if pod.state != ENDING][:1]
        if self.steps.one_attempt_after_the_other and any(pod.state in ALIVE for pod in operator.pods):
            return []
        return [("create", (subtask.uid, subtask.attempt, subtask.whys[-1]))]

    def _end(self, subtask: SubTask, pod: Pod, how: str) -> list[tuple[str, tuple[Any, ...]]]:
        kind = "ask" if how == "lost" and self.steps.lost_pods_are_asked_for else "record"
        writes: list[tuple[str, tuple[Any, ...]]] = [(kind, (subtask.uid, subtask.version, subtask.whys, how, pod.uid))]
        if not self.steps.attempt_is_written_before_its_pod and how != SUCCEEDED and pod.attempt < self.most_attempts:
            writes.append(("create", (subtask.uid, subtask.attempt + 1, how)))
        return writes

    # --- the API server ----------------------------------------------------------------------------------------------

    def _arrives(self, state: State, write: Write) -> Iterator[tuple[str, State, str]]:
        left = list(state.writes)
        left.remove(write)
        state = state._replace(writes=tuple(left))
        carried_out, answer, broken = self._carry_out(state, write)
        told = f"{_told(write)} arrives" + (f": {answer[0]}" if answer[0] != "done" else "")
        yield told, self._answered(carried_out, write, answer), broken
        if state.faults.lost_answers:
            faults = state.faults._replace(lost_answers=state.faults.lost_answers - 1)
            yield f"{told}; the answer is lost", _free(carried_out._replace(faults=faults), write), broken

    def _carry_out(self, state: State, write: Write) -> tuple[State, tuple[Any, ...], str]:
        match write.kind:
            case "create":
                return self._create(state, write)
            case "ask":
                return self._ask(state, write)
            case "record":
                return self._record(state, write)
            case "show":
                return self._show(state, write)
        return self._delete(state, write)

    def _create(self, state: State, write: Write) -> tuple[State, tuple[Any, ...], str]:
        owner, attempt, why = write.args
        name = attempt if self.steps.names_are_deterministic else state.uids + 1
        there = next((pod for pod in state.pods if pod.name == name), None)
        if there is not None:
            ours = there.owner == owner or not self.steps.owner_is_checked
            seen = there if self.steps.owner_is_checked else there._replace(owner=owner)
            return state, ("exists", seen) if ours else ("somebody else's",), ""
        pod = Pod(name, state.uids + 1, owner, attempt, why)
        return state._replace(pods=_with(state.pods, pod), uids=pod.uid), ("done", pod), ""

    def _ask(self, state: State, write: Write) -> tuple[State, tuple[Any, ...], str]:
        uid, _, whys, _, _ = write.args
        there = next((p for p in state.pods if p.owner == uid and p.attempt == len(whys)), None)
        if there is not None:
            return state, ("it is there", there), ""
        record = write._replace(kind="record")
        return state._replace(writes=tuple(sorted((*state.writes, record)))), ("it is gone",), ""

    def _record(self, state: State, write: Write) -> tuple[State, tuple[Any, ...], str]:
        """A status write: refused where the SubTask is not the one that was seen."""
        uid, version, whys, how, pod_uid = write.args
        subtask = state.subtask
        if subtask is None:
            return state, ("not there",), ""
        if self.steps.status_is_written_with_its_version and (subtask.uid, subtask.version) != (uid, version):
            return state, ("conflict",), ""
        written = subtask._replace(
            version=subtask.version + 1, whys=whys, ended=(*subtask.ended, len(whys)), shown=False
        )
        if how == SUCCEEDED or len(whys) >= self.most_attempts:
            written = written._replace(phase=SUCCEEDED if how == SUCCEEDED else FAILED)
        else:
            written = written._replace(phase="", whys=(*whys, how))
        return state._replace(subtask=written), ("done", written), _broken_by_record(state, written, pod_uid)

    def _show(self, state: State, write: Write) -> tuple[State, tuple[Any, ...], str]:
        uid, version = write.args
        subtask = state.subtask
        if subtask is None or (subtask.uid, subtask.version) != (uid, version):
            return state, ("conflict",), ""
        written = subtask._replace(version=version + 1, shown=True)
        return state._replace(subtask=written), ("done", written), ""

    def _delete(self, state: State, write: Write) -> tuple[State, tuple[Any, ...], str]:
        name, uid = write.args
        hit = next((pod for pod in state.pods if pod.name == name), None)
        if hit is None or (hit.uid != uid and self.steps.deletes_have_preconditions):
            return state, ("not there",), ""
        broken = "a pod was deleted that nobody decided on" if hit.uid != uid else ""
        rest = tuple(pod for pod in state.pods if pod is not hit)
        pods = rest if hit.state in ENDED else _with(rest, hit._replace(state=ENDING))
        return state._replace(pods=pods), ("done",), broken

    def _answered(self, state: State, write: Write, answer: tuple[Any, ...]) -> State:
        operator = state.operators[write.sender]
        if write.life != operator.life:
            return state
        if answer[0] == "it is gone":
            return state  # the record is on its way now, and the mark stays
        if len(answer) > 1 and self.steps.own_writes_are_seen:
            seen = answer[1]
            if isinstance(seen, Pod) and seen.uid not in {pod.uid for pod in (*operator.pods, *operator.lost)}:
                rest = tuple(pod for pod in operator.pods if pod.name != seen.name)
                operator = operator._replace(pods=_with(rest, seen))
            elif isinstance(seen, SubTask):
                operator = operator._replace(subtask=seen, lost=())
        elif len(answer) > 1 and answer[0] in {"exists", "it is there"}:
            operator = operator._replace(
                pods=_with(tuple(p for p in operator.pods if p.name != answer[1].name), answer[1])
            )
        return _free(_know(state, write.sender, operator), write)


@dataclass(frozen=True)
class Explored:
    """What came of it: how many states and steps there are, and the shortest way to each kind of broken promise."""

    states: int
    steps: int
    broken: dict[str, list[str]]
    stuck: int


def explore(protocol: Protocol, *, overlap: bool = False, first: bool = False) -> Explored:
    """Visit every state. ``overlap`` asks for more: two attempts never live at once. ``first`` stops at what is broken first.

    ``stuck`` counts the states from which no end can be reached any more, whatever the cluster and the operators do.
    """
    start = protocol.start()
    came: dict[State, tuple[State, str] | None] = {start: None}
    before: dict[State, list[State]] = {}
    broken: dict[str, list[str]] = {}
    todo = deque([start])
    ended = []
    steps = 0
    while todo:
        state = todo.popleft()
        if _at_the_end(state):
            ended.append(state)
        for told, following, said in protocol.after(state):
            steps += 1
            if following not in came:
                came[following] = (state, told)
                todo.append(following)
            before.setdefault(following, []).append(state)
            said = said or _broken_in(following, overlap=overlap)  # noqa: PLW2901
            if said and said not in broken:
                broken[said] = [*_way(came, state), told]
                if first:
                    return Explored(len(came), steps, broken, 0)
    good = set(ended)
    while ended:
        for earlier in before.get(ended.pop(), ()):
            if earlier not in good:
                good.add(earlier)
                ended.append(earlier)
    return Explored(len(came), steps, broken, len(came) - len(good))


def _way(came: dict[State, tuple[State, str] | None], state: State) -> list[str]:
    way = []
    while (step := came[state]) is not None:
        state, told = step
        way.append(told)
    return way[::-1]


def _at_the_end(state: State) -> bool:
    """The SubTask is done, and nothing of it lives or is on its way."""
    done = state.subtask is not None and state.subtask.phase
    return bool(done) and not state.writes and not any(pod.state in ALIVE for pod in state.pods)


def _broken_in(state: State, *, overlap: bool) -> str:
    """What of the promise does not hold in a state."""
    alive = [(pod.owner, pod.attempt) for pod in state.pods if pod.state in ALIVE]
    if len(set(alive)) < len(alive):
        return "two live pods of one attempt"
    if overlap and len({owner for owner, _ in alive}) < len(alive):
        return "two attempts live at once"
    subtask = state.subtask
    for pod in state.pods:
        begun = subtask is not None and pod.owner == subtask.uid and pod.attempt <= subtask.attempt
        if begun and subtask is not None and pod.why != subtask.whys[pod.attempt - 1]:
            return "a pod that was made for another attempt than the one written down"
    return ""


def _broken_by_record(state: State, after: SubTask, pod_uid: int) -> str:
    before = state.subtask
    if before is not None and before.phase:
        return "a terminal phase is written over"
    if len(set(after.ended)) < len(after.ended):
        return "the end of an attempt is recorded twice"
    if any(pod.uid == pod_uid and pod.owner != after.uid for pod in state.pods):
        return "the end of another SubTask's pod is recorded"
    return ""


def _know(state: State, number: int, operator: Operator) -> State:
    operators = list(state.operators)
    operators[number] = operator
    return state._replace(operators=tuple(operators))


def _free(state: State, write: Write) -> State:
    operator = state.operators[write.sender]
    if write.life != operator.life:
        return state
    return _know(state, write.sender, operator._replace(pending=operator.pending - {_key(write.kind)}))


def _key(kind: str) -> str:
    """The mark among the pending writes: what is written into the status goes one by one."""
    return "status" if kind in {"ask", "record", "show"} else kind


def _with(pods: tuple[Pod, ...], pod: Pod) -> tuple[Pod, ...]:
    return tuple(sorted((*pods, pod)))


def _uid(subtask: SubTask | None) -> int:
    return subtask.uid if subtask is not None else 0


def _told(write: Write) -> str:
    match write.kind:
        case "create":
            return f"create pod {write.args[1]} of SubTask {write.args[0]}"
        case "delete":
            return f"delete pod of name {write.args[0]}"
        case "show":
            return "show the running pod"
    return f"{write.kind} {write.args[3]} for attempt {len(write.args[2])} of SubTask {write.args[0]}"
