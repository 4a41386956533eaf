"""Every validation rule: a request that it speaks for, and what it says."""

import dataclasses
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.engine.requests import PLAIN, TALKER, codes, finding, planned, provider, request, room, task

from taskdist.engine.model import (
    AgentTypeSpec,
    Capability,
    ClusterFacts,
    ConflictPolicy,
    Observation,
    PlacementPolicy,
    Reservation,
    ResourcePolicy,
    Resources,
    RightSizing,
    Severity,
    Strategy,
    TriggerRule,
    Work,
)
from taskdist.engine.rules import RULES
from taskdist.engine.rules.document import markdown
from taskdist.engine.rules.rule import in_order, names, seconds

E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741 - one letter keeps the table readable
HUNGRY = dataclasses.replace(PLAIN, name="hungry", resources=room("6", "1Gi"))
SLOW = dataclasses.replace(PLAIN, name="slow", base_seconds=5 * 3600)
DEAR = dataclasses.replace(PLAIN, name="dear", base_cost_usd=Decimal(20))
FEW = dataclasses.replace(PLAIN, name="few", max_concurrent=2)
CLOSED = dataclasses.replace(PLAIN, name="closed", allowed=False)
STRICT = dataclasses.replace(PLAIN, name="strict", overrides=("script",))
SKILLED = dataclasses.replace(TALKER, name="skilled", capabilities=(Capability("sql", ("query",)),))
GENERAL = AgentTypeSpec("general", "general", runs_text=True)
BATCH = Reservation("batch", 5, room("500m", "1Gi"), 1, room("2", "2Gi"), 4, Decimal("4.99"), 600)
AGENTS = (PLAIN, TALKER, HUNGRY, SLOW, DEAR, FEW, CLOSED, STRICT, SKILLED)
SEEN = Observation("plain", 1000, 100.0, 120.0, 2**26, 100)


def many(count, **fields):
    return [task(f"t{i}").having(**fields) for i in range(count)]


def deploy(name):
    return task(name).doing("Deploy the checkout service")


CASES = [
    # code, severity, path, words of the message, tasks, fields of the request
    ("NothingToDo", E, "spec.description", "neither a description nor a task", [], {}),
    ("EmptyTask", E, "spec.tasks[0]", 'task "a" has neither', [task("a").having(work=Work())], {}),
    ("TooManySubTasks", E, "spec.tasks", "11,000 subtasks", [task(f"a{i}").each(*map(str, range(1000))) for i in range(11)], {}),
    ("TooManyDependencies", E, "spec.tasks", "1,000,000 dependencies",
     [task("a").each(*map(str, range(1000))), task("b").each(*map(str, range(1000))).after("a")], {}),
    ("InvalidName", E, "spec.tasks[0].name", '"A b" is not a DNS label', [task("A b")], {}),
    ("InvalidName", E, "spec.tasks[0].name", "longer than 63", [task("a" * 64)], {}),
    ("InvalidName", E, "spec.tasks[0].name", "made by forEach", [task("a" * 62).each("x", "y")], {}),
    ("DuplicateName", E, "spec.tasks[1].name", "name of tasks[0] already", [task("a"), task("a")], {}),
    ("DuplicateName", E, "spec.tasks[1].name", "a subtask that forEach makes", [task("a").each("x", "y"), task("a-1")], {}),
    ("UnknownDependency", E, "spec.tasks[1].dependsOn[0]", 'unknown task "analyse"; did you mean "analyze"?',
     [task("analyze"), task("b").after("analyse")], {}),
    ("CycleFound", E, "spec.tasks[0].dependsOn", "a -> b -> c -> a", [task("a").after("c"), task("b").after("a"), task("c").after("b")], {}),
    ("CycleFound", E, "spec.tasks[0].dependsOn", "a -> a", [task("a").after("a")], {}),
    ("CycleFound", E, "spec.tasks[0].dependsOn", "a -> b -> a", [task("a").after("b"), task("b").running("$(tasks.a.results.x)")], {}),
    ("RepeatedDependency", W, "spec.tasks[1].dependsOn", '"a" stands there twice', [task("a"), task("b").after("a", "a")], {}),
    ("MissingResult", E, "spec.tasks[0].script", 'unknown task "b"', [task("a").running("$(tasks.b.results.x)")], {}),
    ("MissingResult", E, "spec.tasks[0].args[1]", "is malformed", [task("a").having(work=Work("", ("x",), ("y", "$(tasks.b)")))], {}),
    ("MissingResult", E, "spec.tasks[0].forEachResult", 'unknown task "b"', [task("a").having(for_each_result="b.items")], {}),
    ("ResultMayBeMissing", W, "spec.tasks[1].script", "may start without the result",
     [task("a"), task("b").running("$(tasks.a.results.x)").when(TriggerRule.ALL_FINISHED)], {}),
    ("TriggerRuleUnused", E, "spec.tasks[0].triggerRule", "would never run", [task("a").when(TriggerRule.ANY_FAILED)], {}),
    ("TriggerRuleUnused", W, "spec.tasks[0].triggerRule", "means nothing", [task("a").when(TriggerRule.ALL_FINISHED)], {}),
    ("InvalidValue", E, "spec.tasks[0].complexity", "nan is not within 0 and 1", [task("a").having(complexity=float("nan"))], {}),
    ("InvalidValue", E, "spec.tasks[0].timeoutSeconds", "leaves no time", [task("a").having(timeout_seconds=0)], {}),
    ("InvalidValue", E, "spec.tasks[0].resources.cpu", "more than 0", [task("a").cpu("0")], {}),
    ("InvalidValue", E, "spec.limits.maxParallel", "lets nothing run", [task("a")], {"max_parallel": 0}),
    ("InvalidValue", E, "spec.resourcePolicy.min.cpu", "greater than max.cpu", [task("a")],
     {"policy": ResourcePolicy(room("2", "1Gi"), room("1", "1Gi"))}),
    ("RepeatedItem", W, "spec.tasks[0].forEach", '"x" stands there more than once', [task("a").running("$(item)").each("x", "x")], {}),
    ("UnusedItem", W, "spec.tasks[0].forEach", "all would do the same", [task("a").each("x", "y")], {}),
    ("UnusedItem", W, "spec.tasks[1].forEachResult", "no subtask uses $(item)", [task("a"), task("b").having(for_each_result="a.items")], {}),
    ("UnknownWidth", I, "spec.tasks[1].forEachResult", "one is planned", [task("a"), task("b").having(for_each_result="a.items")], {}),
    ("LowConfidence", W, "spec.description", "with little confidence", [], {"description": "Analyze the logs, optimize the queries, deploy the fix"}),
    ("IgnoredDependency", W, "spec.strategy", "confidence 0.8 and more",
     [], {"description": "Analyze, optimize, integrate, validate, deploy", "strategy": Strategy.PARALLEL}),
    ("NoAgentTypes", E, "spec", "no agent types", [task("a")], {"agent_types": ()}),
    ("AgentTypeUnknown", E, "spec.tasks[0].agentType", 'did you mean "plain"?', [task("a").by("plian")], {}),
    ("AgentTypeNotAllowed", E, "spec.tasks[0].agentType", 'namespace "default" may not use', [task("a").by("closed")], {}),
    ("MissingCapability", E, "spec.tasks[0].requiredCapabilities", 'no agent type has "sqll"; did you mean "sql"?',
     [task("a").having(agent_type=None, required_capabilities=("sqll",))], {}),
    ("NothingToDo", E, "spec.description", "neither a description nor a task", [], {"description": " \n\t\u2003"}),
    ("AgentNotConfigured", E, "spec.tasks[0]", "nothing that could act on words", [task("a").doing("Deploy").having(work=Work())], {}),
    ("AgentNotConfigured", W, "spec.tasks[0]", "nothing that could act on words", [task("a").doing("Deploy").having(work=Work())],
     {"plan_only": True}),
    ("ScriptNotAllowed", E, "spec.tasks[0].env", "does not let a task set env; a does",
     [task("a").by("strict").having(work=Work("true", env=(("X", "1"),)))], {}),
    ("UnknownWork", W, "spec.description", "no specialization claims 1 subtask", [], {"description": "Frobnicate the gizmo", "agent_types": (GENERAL,)}),
    ("OverAllocation", W, "spec.resourcePolicy.max.cpu", "cut to 4, the resourcePolicy.max", [task("a").by("hungry")], {}),
    ("OverAllocation", W, "spec.tasks[0].resources.cpu", "asks for more than 4 times the cpu", [task("a").cpu("2500m")], {}),
    ("UnderAllocation", W, "spec.tasks[0].resources.memory", "killed for want of memory", [task("a").memory("100Mi")], {}),
    ("RequestRaised", I, "spec.resourcePolicy.min.memory", "raised to 64Mi", [task("a").memory("1Mi")], {}),
    ("RightSizing", I, "spec.resourcePolicy.rightSizing", "in place of 500m CPU and 1Gi", [task("a")],
     {"history": (SEEN,), "policy": ResourcePolicy(right_sizing=RightSizing.RECOMMEND)}),
    ("NodeTooSmall", W, "spec.tasks[0].resources", "fits on no node; the largest offers 1 CPU and 2Gi", [task("a").cpu("2")],
     {"cluster": ClusterFacts(largest_node=room("1", "2Gi"))}),
    ("QuotaExceeded", W, "metadata.namespace", "where 2 fit at the same time, which costs 100 s", many(4),
     {"cluster": ClusterFacts(quota_free=room("1", "100Gi"))}),
    ("QuotaExceeded", W, "metadata.namespace", "leaves 2 pods now, so 2 run at once", many(4), {"cluster": ClusterFacts(quota_free_pods=2)}),
    ("QuotaExceeded", E, "metadata.namespace", "allows no pod", many(1), {"cluster": ClusterFacts(quota_free_pods=0, quota_total_pods=0)}),
    ("QuotaExceeded", E, "metadata.namespace", "leaves 100m CPU and 4Gi of 200m CPU and 4Gi; 1 subtask (t0) needs up to 500m CPU and 1Gi alone", many(1),
     {"cluster": ClusterFacts(quota_free=room("100m", "4Gi"), quota_total=room("200m", "4Gi"))}),
    ("QuotaExceeded", W, "metadata.namespace", "leaves 100m CPU now; 1 subtask (t0) needs up to 500m CPU and 1Gi alone and waits", many(1),
     {"cluster": ClusterFacts(quota_free=Resources(100, 2**62))}),
    ("QuotaExceeded", W, "metadata.namespace", "now, of 4 CPU and 8Gi; 1 subtask (t0) needs up to 500m CPU and 1Gi alone and waits", many(1),
     {"cluster": ClusterFacts(quota_free=room("100m", "4Gi"), quota_total=room("4", "8Gi"))}),
    ("QuotaExceeded", W, "metadata.namespace", "leaves 0 pods now, so all wait until others have ended", many(1), {"cluster": ClusterFacts(quota_free_pods=0, quota_total_pods=4)}),
    ("RoomContended", W, "spec.priorityClassName", "1 running distribution (batch: priority 5) goes first for about 10 min more and will take "
     "1500m CPU and 1Gi more for 3 more pods; planned with what they leave, this takes 300 s longer".replace("300 s", "5 min"), many(4),
     {"cluster": ClusterFacts(quota_free=room("2", "8Gi"), running=(BATCH,)), "priority": 5}),
    ("RoomTaken", I, "spec.priorityClassName", "(batch: priority 5) wants the same room and will wait behind this plan (priority 6)", many(4),
     {"cluster": ClusterFacts(quota_free=room("2", "8Gi"), running=(BATCH,)), "priority": 6}),
    ("CapacityShort", W, "spec.limits.maxParallel", "where 3 fit at the same time", many(6),
     {"cluster": ClusterFacts(allocatable=room("8", "8Gi"), held=room("1", "5Gi"))}),
    ("CapacityShort", W, "spec.limits.maxParallel", 'provider "x" has 1 CPU and 8Gi, where 2 fit at the same time, which costs 100 s', many(4),
     {"providers": (provider("x", capacity=room("1", "8Gi")),)}),
    ("CapacityShort", E, "spec.placement.providers", "larger than all of provider", many(1), {"providers": (provider("x", capacity=room("1", "1Mi")),)}),
    ("UnknownProvider", W, "spec.placement.providers", 'no provider "y"', many(1), {"providers": (provider("x"),), "allowed_providers": ("x", "y")}),
    ("UnhealthyProvider", W, "spec.placement.providers", 'provider "x" is unhealthy', many(1), {"providers": (provider("x", healthy=False), provider("y"))}),
    ("SingleProvider", W, "spec.placement.providers", "only one of 2 providers", many(1), {"providers": (provider("x"), provider("y")), "allowed_providers": ("x",)}),
    ("SingleProvider", I, "spec.placement.providers", "only provider", many(1), {"providers": (provider("x"),)}),
    ("SeveralProviders", I, "spec.placement.policy", "x 2, y 2", many(4),
     {"providers": (provider("x", capacity=room("1", "4Gi")), provider("y")), "allowed_providers": ("x", "y"), "placement_policy": PlacementPolicy.ORDERED}),
    ("BudgetExceeded", E, "spec.limits.budgetUSD", "the budget is $0.01", many(1), {"budget_usd": Decimal("0.01")}),
    ("BudgetExceeded", W, "spec.limits.budgetUSD", "the budget is $0.01", many(1), {"budget_usd": Decimal("0.01"), "block_on_budget": False}),
    ("BudgetExceeded", E, "spec.limits.budgetUSD", "$4.99 are reserved", many(1), {"budget_usd": Decimal(5), "cluster": ClusterFacts(reserved_usd=Decimal("4.99"))}),
    ("BudgetExceeded", E, "spec.limits.budgetUSD", "$4.99 are reserved by running distributions (batch: $4.99)", many(1),
     {"budget_usd": Decimal(5), "cluster": ClusterFacts(running=(BATCH,))}),
    ("HighCost", W, "spec.limits.budgetUSD", "no budget bounds it", [task("a").by("dear")], {}),
    ("HighCost", W, "spec.limits.budgetUSD", "but may cost $0.24", [task("a").by("slow")], {"budget_usd": Decimal("0.20")}),
    ("DominantCost", I, "spec", "a alone is 99 % of the cost", [task("a").by("dear"), *many(3)], {}),
    ("DeadlineMissed", W, "spec.limits.deadlineSeconds", "about 3 min; the deadline is 110 s", many(2), {"deadline_seconds": 110, "max_parallel": 1}),
    ("DeadlineUnreachable", W, "spec.limits.deadlineSeconds", "(1 subtask) takes about 100 s; the deadline is 60 s", many(1), {"deadline_seconds": 60}),
    ("DeadlineAtRisk", W, "spec.limits.deadlineSeconds", "up to 3 min", many(1), {"deadline_seconds": 110}),
    ("HighDuration", W, "spec.limits.deadlineSeconds", "about 5 h", [task("a").by("slow")], {}),
    ("TimeoutTooShort", W, "spec.tasks[0].timeoutSeconds", "t0: 10 s for about 100 s", many(1, timeout_seconds=10), {}),
    ("TimeoutAtRisk", I, "spec.tasks[0].timeoutSeconds", "t0: 110 s, up to 3 min", many(1, timeout_seconds=110), {}),
    ("NoHistory", I, "spec", "no finished attempt of plain", many(1), {}),
    ("ConflictingWrites", W, "spec.tasks[0]", "b waits 100 s for a", [deploy("a"), deploy("b")], {}),
    ("ConflictingWrites", E, "spec.tasks[0]", "do not wait for each other", [deploy("a"), deploy("b")], {"conflict_policy": ConflictPolicy.FAIL}),
    ("LockContention", I, "spec.tasks[].locks", "3 min longer", many(3, locks=("db",)), {}),
    ("LockHeld", I, "spec.tasks[].locks", '"db" by other, needed by t0', many(1, locks=("db",)), {"cluster": ClusterFacts(held_locks=(("db", "other"),))}),
    ("AgentTypeBusy", I, "spec.tasks[].agentType", "few: 5 subtasks, 2 at a time", many(5, agent_type="few"), {}),
    ("RedundantEdge", I, "spec.tasks[2].dependsOn", "a -> c", [task("a"), task("b").after("a"), task("c").after("a", "b")], {}),
    ("LongCriticalPath", W, "spec", "of all work", [task("a"), task("b").after("a"), task("c").after("b"), task("d").after("b").having(complexity=0.0)], {}),
    ("NoParallelism", I, "spec", "all 3 subtasks form one chain", [task("a"), task("b").after("a"), task("c").after("b")], {}),
    ("MaxParallelUnused", I, "spec.limits.maxParallel", "maxParallel is 50, but at most 2 subtasks", many(2), {"max_parallel": 50}),
    ("FanOutBottleneck", I, "spec.tasks[0]", "12 subtasks wait for a alone", [task("a"), *(t.after("a") for t in many(12))], {}),
    ("ScheduleWaits", I, "spec.limits", "leaves room free on purpose",
     [task("a").having(complexity=0.0), task("b").after("a").cpu("1"), task("c").after("b"), task("d").having(complexity=1.0).cpu("500m")],
     {"cluster": ClusterFacts(allocatable=room("1", "100Gi"))}),
    ("AmbiguousAgentType", I, "spec.description", "twin or zwin", [],
     {"description": "Query the table", "agent_types": tuple(dataclasses.replace(SKILLED, name=n) for n in ("twin", "zwin"))}),
    ("RetryNotIdempotent", I, "spec.tasks[0].retry", 'a: ">> /data/log"', [task("a").running("echo done >> /data/log")], {}),
    ("RetryNotIdempotent", I, "spec.retry", '"Send"', [], {"description": "Send the weekly report to the team"}),
    ("LargeForEach", I, "spec.tasks[0].forEach", "1 task becomes 500 pods (a: 500), 10 at a time: at least 50 rounds, about 83 min",
     [task("a").running("$(item)").each(*map(str, range(500)))], {}),
    ("WideFanIn", W, "spec.tasks[1].dependsOn", "the results of 70 subtasks", [task("a").running("$(item)").each(*map(str, range(70))), task("b").after("a")], {}),
    ("SameWork", I, "spec.tasks[1]", "1 task does what another does already, in the same order and with the same inputs (a = b)",
     [task("a"), task("b"), task("c").running("false"), task("d").after("a")], {}),
    ("NoTimeToRetry", I, "spec.limits.deadlineSeconds", "any of 2 subtasks (a: 110 s, b: 110 s) would take longer than the 50 s",
     [task("a"), task("b").after("a"), task("c").running("false").having(complexity=0.0)], {"deadline_seconds": 254}),
    ("ConditionNotKept", W, "spec.description",
     '2 subtasks run whether the condition holds or not (restore-backup: "If the row counts differ"', [],
     {"description": "Migrate the database. If the row counts differ, restore the backup, otherwise delete the old database."}),
    ("RunsOnlyAfterFailure", W, "spec.tasks[2]", "1 subtask (report) waits for the success of what runs only after a failure (undo)",
     [task("a"), task("undo").after("a").when(TriggerRule.ANY_FAILED), task("report").after("a", "undo")], {}),
    ("StrategyWithoutEffect", W, "spec.limits.deadlineSeconds", "knows no deadline", many(1), {"strategy": Strategy.DEADLINE}),
    ("StrategyWithoutEffect", I, "spec.strategy", "there is one", many(1), {"strategy": Strategy.COST_OPTIMIZED}),
    ("CheaperProvider", I, "spec.placement.providers", "all on provider y would save $0.74 of $0.75", [task("a").by("slow").having(complexity=0.0)],
     {"providers": (provider("x", "1", "0.1"), provider("y", "0.01", "0.001")), "allowed_providers": ("x",)}),
    ("MoreParallel", I, "spec.limits.maxParallel", "maxParallel 4 in place of 2 would save 3 min of 7 min", many(8), {"max_parallel": 2}),
    ("FewerParallel", I, "spec.limits.maxParallel", "maxParallel 2 takes as long as 5", [task("long").having(complexity=1.0, agent_type="slow"), *many(4)], {}),
    ("FewerParallel", I, "spec.limits.maxParallel", "maxParallel 4 would hold at most 4 pods in place of 8, and cost 100 s on top of 100 s", many(8), {}),
    ("SmallerRequests", I, "spec.resourcePolicy.rightSizing", "as planned for such work (t0: 500m CPU and 1Gi", [t.cpu("4").memory("8Gi") for t in many(5)], {}),
    ("SmallerRequests", I, "spec.resourcePolicy.rightSizing", "would save $0.0", [t.cpu("4").memory("8Gi") for t in many(5)], {"history": (SEEN,)}),
    ("ShorterChain", I, "spec.tasks[1]", "halving b (5 h)", [task("a"), task("b").by("slow").after("a")], {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "severity", "path", "words", "tasks", "fields"),
    [pytest.param(*c, id=f"{c[0]}: {c[3][:40]}") for c in CASES],
)
def test_speaks_for(code, severity, path, words, tasks, fields):
    made = planned(*tasks, **{"agent_types": AGENTS, **fields})
    found = [f for f in made.findings if f.code == code]
    assert any((f.severity, f.path) == (severity, path) and words in f.message for f in found), found or codes(made)
    assert all(f.recommendation for f in found)


def test_every_rule_has_a_case():
    # SolverMissing shows only where ortools is not installed; see test_solver_missing.
    assert {rule.code for rule in RULES} - {case[0] for case in CASES} == {"SolverMissing"}


def test_every_code_stands_in_the_table_once():
    assert len({rule.code for rule in RULES}) == len(RULES)


def test_a_plain_request_has_nothing_to_complain_about():
    made = planned(task("a"), task("b").after("a"), history=(SEEN,), providers=(provider("x"), provider("y")))
    assert [f for f in made.findings if f.severity is not Severity.INFO] == []


def test_all_mistakes_come_at_once():
    made = planned(task("a").after("x"), task("a"), task("B"), task("c").after("c"), task("d").by("nobody"))
    assert {"UnknownDependency", "DuplicateName", "InvalidName", "CycleFound", "AgentTypeUnknown"} <= set(codes(made))
    assert made.subtasks == ()
    assert made.hash == ""


def test_what_many_subtasks_share_is_said_once():
    made = planned(*(t.doing("Deploy it").having(work=Work()) for t in many(400)))
    found = finding(made, "AgentNotConfigured")
    assert "400 subtasks (t0, t1, t2 and 397 more)" in found.message


def test_the_same_mistake_many_times_is_listed_up_to_a_bound():
    made = planned(*(t.after("nowhere") for t in many(300)))
    found = [f for f in made.findings if f.code == "UnknownDependency"]
    assert len(found) == 51
    assert "250 more mistakes of this kind" in found[-1].message


def test_a_budget_that_is_recommended_suffices():
    short = request(*many(3), budget_usd=Decimal("0.01"))
    advice = finding(planned(*many(3), budget_usd=Decimal("0.01")), "BudgetExceeded").recommendation
    enough = Decimal(advice.split("$")[1].split(",")[0])
    made = planned(*many(3), budget_usd=enough)
    assert short.limits.budget_usd < enough
    assert not {"BudgetExceeded", "HighCost"} & set(codes(made))


def test_a_missing_solver_is_said(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ortools.sat.python.cp_model", None)
    made = planned(*many(2), solver_work=0.1)
    assert finding(made, "SolverMissing").severity is Severity.WARNING
    assert made.subtasks


def test_nothing_is_said_of_a_node_that_is_large_enough():
    made = planned(*many(2), cluster=ClusterFacts(largest_node=Resources(500, 2**30)))
    assert "NodeTooSmall" not in codes(made)


def test_words():
    assert names(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
    assert [seconds(s) for s in (0, 119, 120, 7199, 7200, 12_000, 172_800)] == [
        "0 s",
        "119 s",
        "2 min",
        "2 h",
        "2 h",
        "3 h 20 min",
        "2.0 days",
    ]
    assert in_order([]) == ()


def test_the_documentation_is_up_to_date():
    document = Path(__file__).parents[3] / "docs" / "findings.md"
    assert document.read_text(encoding="utf-8") == markdown()


@pytest.mark.parametrize(
    "text",
    [
        "Run the tests. If they pass, deploy the service, otherwise open a ticket.",
        "Run the tests. If they fail, roll back, otherwise deploy the service.",
        "Run the tests and deploy the service once they pass.",
    ],
)
def test_a_condition_that_a_trigger_rule_keeps_needs_no_warning(text):
    assert "ConditionNotKept" not in codes(planned(description=text, agent_types=(GENERAL,)))


def test_a_chain_of_clean_up_is_meant_to_run_after_a_failure_only():
    undo = task("undo").after("a").when(TriggerRule.ANY_FAILED)
    assert "RunsOnlyAfterFailure" not in codes(planned(task("a"), undo, task("tell").after("undo")))
    late = task("report").after("a", "undo").when(TriggerRule.ALL_FINISHED)
    assert "RunsOnlyAfterFailure" not in codes(planned(task("a"), undo, late))


def test_time_for_one_retry_is_enough():
    chain = [task("a"), task("b").after("a")]
    assert "NoTimeToRetry" in codes(planned(*chain, deadline_seconds=313))
    assert "NoTimeToRetry" not in codes(planned(*chain, deadline_seconds=314))
