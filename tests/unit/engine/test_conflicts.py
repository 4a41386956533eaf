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
    ],
)
def test_says_nothing_where_there_is_no_conflict(tasks):
    assert "ConflictingWrites" not in codes(planned(*tasks))


def test_a_wide_fan_out_onto_one_thing_is_found_in_time():
    plan = planned(task("a").running("echo $(item) > /data/out.csv").each(*map(str, range(800))))
    assert len({s.start for s in plan.subtasks}) == 800
    assert len(finding(plan, "ConflictingWrites").message) < 600


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_and_any_script_are_read(text, script):
    for thing in things(text, script):
        assert thing
        assert "$" not in thing or thing in text.lower()
