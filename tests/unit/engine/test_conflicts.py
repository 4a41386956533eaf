import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.engine.requests import codes, finding, planned, subtask, task

from taskdist.engine.conflicts import writes
from taskdist.engine.drafts import Draft
from taskdist.engine.model import ConflictPolicy, Severity, TriggerRule, Work


def things(text="", script="", item=""):
    spec = task("a").running(script).spec if script else None
    return [w.thing for w in writes(Draft("a", text, "p", spec, item))]


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        pytest.param(
            "Deploy the checkout service to production", ["checkout service"], id="the words after the action"
        ),
        pytest.param("Restart checkout-service", ["checkout-service"], id="an identifier needs no article"),
        pytest.param('Update the "Quarterly Report"', ["quarterly report"], id="a quoted name"),
        pytest.param("Restart the gateway again", ["gateway"], id="how often is no part of the name"),
        pytest.param("Write results to a file", [], id="a vague thing is nobody's"),
        pytest.param(
            "Migrating the users table, then truncate the orders table",
            ["orders table", "users table"],
            id="two things",
        ),
        pytest.param("Deploy it", [], id="a pronoun names nothing"),
        pytest.param("Analyze the users table", [], id="reading changes nothing"),
        pytest.param("Delete rows", [], id="without an article it may be any"),
        pytest.param("Overwrite /srv/data/report.csv with it", ["/srv/data/report.csv"], id="a path"),
        pytest.param("Write /tmp/scratch.txt", [], id="a path inside of the pod"),
        pytest.param("Write the summary to /data/summary.csv", ["/data/summary.csv", "summary"], id="where it goes"),
        pytest.param("Export all rows into s3://lake/rows.csv", ["s3://lake/rows.csv"], id="only where it goes"),
        pytest.param("Copy the rows from /data/in.csv", [], id="where it comes from"),
    ],
)
def test_reads_what_a_description_changes(text, changed):
    assert things(text) == changed


@pytest.mark.parametrize(
    ("script", "changed"),
    [
        pytest.param("sort in.txt > /data/report.csv", ["/data/report.csv"], id="redirection"),
        pytest.param("echo x >> /data/log", ["/data/log"], id="appending"),
        pytest.param("make 2> /data/err; run > /dev/null", [], id="errors and nowhere"),
        pytest.param("x | tee -a /data/all.log", ["/data/all.log"], id="tee"),
        pytest.param("aws s3 cp out.csv s3://lake/out.csv", ["s3://lake/out.csv"], id="copy to a bucket"),
        pytest.param("cp /data/in.csv .", [], id="copy from a shared place"),
        pytest.param("kubectl -n shop rollout restart deployment/web", ["deployment/web"], id="kubectl"),
        pytest.param("kubectl get pods", [], id="kubectl that reads"),
        pytest.param("helm upgrade --install shop ./chart", ["shop"], id="helm"),
        pytest.param('psql -c "UPDATE users SET a = 1"', ["users"], id="SQL update"),
        pytest.param("psql -c 'select * from users'", [], id="SQL select"),
        pytest.param("git push origin main", ["origin main"], id="git push"),
        pytest.param("run > /data/$NAME.csv", [], id="a name that only the shell knows"),
    ],
)
def test_reads_what_a_script_changes(script, changed):
    assert things(script=script) == changed


def test_puts_the_item_in():
    assert things(script="run > /data/$(item).csv", item="eu") == ["/data/eu.csv"]


def deploy(name):
    return task(name).doing("Deploy the checkout service").having(work=Work(script="true"))


def test_serializes_by_default_and_says_what_it_costs():
    plan = planned(deploy("a"), deploy("b"))
    one, other = subtask(plan, "a"), subtask(plan, "b")
    assert one.locks == other.locks == ("auto:checkout service",)
    assert one.finish <= other.start or other.finish <= one.start
    found = finding(plan, "ConflictingWrites")
    assert found.severity is Severity.WARNING
    assert "b waits 100 s for a (all conflicts together make the plan 100 s longer)" in found.message


def test_only_warns_when_told_so():
    plan = planned(deploy("a"), deploy("b"), conflict_policy=ConflictPolicy.WARN)
    assert subtask(plan, "a").start == subtask(plan, "b").start == 0
    assert finding(plan, "ConflictingWrites").severity is Severity.WARNING
    assert plan.valid


def test_fails_when_told_so():
    plan = planned(deploy("a"), deploy("b"), conflict_policy=ConflictPolicy.FAIL)
    assert finding(plan, "ConflictingWrites").severity is Severity.ERROR
    assert not plan.valid


@pytest.mark.parametrize(
    "tasks",
    [
        pytest.param((deploy("a"), deploy("b").after("a")), id="one waits for the other"),
        pytest.param(
            (deploy("a"), task("m").after("a"), deploy("b").after("m")), id="one waits for the other through a third"
        ),
        pytest.param((deploy("a").locking("shop"), deploy("b").locking("shop")), id="they share a lock"),
        pytest.param(
            (task("t"), deploy("a").after("t"), deploy("b").after("t").when(TriggerRule.ANY_FAILED)),
            id="one runs only if the other does not",
        ),
        pytest.param((deploy("a"), task("b").doing("Deploy the search service")), id="two things"),
        pytest.param(
            tuple(task(n).doing(f"Deploy the checkout service to {n}") for n in ("staging", "production")),
            id="one thing in two places",
        ),
        pytest.param(
            tuple(task(n).doing(f"migrate the billing service ({n})") for n in ("eu", "us")),
            id="one thing for each item",
        ),
        pytest.param(
            tuple(task(n).doing("").running(f"kubectl -n {n} rollout restart deployment/web") for n in ("a", "b")),
            id="one name in two namespaces",
        ),
    ],
)
def test_says_nothing_where_there_is_no_conflict(tasks):
    assert "ConflictingWrites" not in codes(planned(*tasks))


@pytest.mark.parametrize(
    ("texts", "lock"),
    [
        pytest.param(
            ["Deploy the checkout service to staging", "Update the checkout service in staging"],
            "auto:checkout service",
            id="the same place",
        ),
        pytest.param(
            ["Deploy the checkout service to staging", "Restart the checkout service"],
            "auto:checkout service",
            id="a place, and anywhere",
        ),
        pytest.param(
            ["Write the totals to /data/x.csv", "Save all rows in /data/x.csv"], "auto:/data/x.csv", id="one file"
        ),
    ],
)
def test_keeps_apart_what_goes_to_one_place(texts, lock):
    plan = planned(*(task(f"t{i}").doing(text).having(work=Work()) for i, text in enumerate(texts)), plan_only=True)
    assert [s.locks for s in plan.subtasks] == [(lock,), (lock,)]
    assert [w.lock for w in plan.waits] == [lock]


def test_two_pairs_in_two_places_wait_apart():
    texts = [
        f"{verb} the checkout service in {place}"
        for place in ("staging", "production")
        for verb in ("Update", "Restart")
    ]
    plan = planned(*(task(f"t{i}").doing(text) for i, text in enumerate(texts)))
    locks = [subtask(plan, f"t{i}").locks for i in range(4)]
    assert locks[:2] == [("auto:checkout service (staging)",)] * 2
    assert locks[2:] == [("auto:checkout service (production)",)] * 2
    assert len(plan.waits) == 2


def test_no_lock_becomes_a_semaphore_by_accident():
    plan = planned(*(task(n).doing("").running("run > /data/day=3") for n in "ab"))
    assert subtask(plan, "a").locks == ("auto:/data/day-3",)
    assert len(plan.waits) == 1


def test_a_wide_fan_out_onto_one_thing_is_found_in_time():
    plan = planned(task("a").running("echo $(item) > /data/out.csv").each(*map(str, range(800))))
    assert len({s.start for s in plan.subtasks}) == 800
    assert len(finding(plan, "ConflictingWrites").message) < 600


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_and_any_script_are_read(text, script):
    for thing in things(text, script):
        assert thing
        assert "$" not in thing or thing in text.lower()
