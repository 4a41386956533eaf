"""How texts are read: which shapes give which tasks and which order, and what tells so."""

from __future__ import annotations

import pytest

from taskdist.engine.model import TriggerRule
from taskdist.engine.text import Split, split

KEPT = 0.5


def graph(text: str) -> dict[str, set[str]]:
    """Descriptions, each with those of what it directly waits for, with strategy Balanced."""
    found = split(text)
    named = {task.id: task.description for task in found.tasks}
    before: dict[str, set[str]] = {description: set() for description in named.values()}
    for edge in found.edges:
        if edge.confidence >= KEPT:
            before[named[edge.after]].add(named[edge.before])
    return before


def tasks(text: str) -> list[str]:
    return [task.description for task in split(text).tasks]


def edge_cues(found: Split) -> dict[tuple[str, str], tuple[str, float]]:
    return {(e.before, e.after): (e.cue, e.confidence) for e in found.edges}


class TestTasks:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param("Count the stock, order paper.", ["Count the stock", "order paper"], id="comma list"),
            pytest.param(
                "Set cpu, memory and replicas.", ["Set cpu, memory and replicas"], id="one verb, many objects"
            ),
            pytest.param("Review and approve the plan.", ["Review and approve the plan"], id="fixed pair of verbs"),
            pytest.param("1. Dump it\n2. Load it", ["Dump it", "Load it"], id="numbered"),
            pytest.param("- [x] buy soap\n- [ ] wash cars", ["wash cars"], id="done already"),
            pytest.param("Fix the login. Don't touch the session.", ["Fix the login"], id="negated"),
            pytest.param("Fix the login, because users complain.", ["Fix the login"], id="reason"),
            pytest.param("Fix the login. Call Eva if in doubt.", ["Fix the login"], id="whom to ask"),
            pytest.param("Could you fix the login?", ["fix the login"], id="question"),
            pytest.param("It would be great if someone could fix the login.", ["fix the login"], id="wish"),
            pytest.param("We need the logs archived.", ["We need the logs archived"], id="need and participle"),
            pytest.param("Else keep collecting labels.", ["keep collecting labels"], id="to keep doing is work"),
        ],
    )
    def test_are_found(self, text: str, expected: list[str]) -> None:
        assert tasks(text) == expected

    def test_are_multiplied_by_the_members_of_for_each(self) -> None:
        found = tasks("For each of Lyon and Nantes, separately audit the tills.")
        assert len(found) == 2
        assert [name for name in ("Lyon", "Nantes") if any(name in f for f in found)] == ["Lyon", "Nantes"]

    def test_name_what_a_pronoun_stands_for(self) -> None:
        assert tasks("Build the image. Sign it.")[1] == "Sign it (image)"

    def test_have_spans_in_the_text(self) -> None:
        text = "First export the ledger, then close the month."
        assert [text[t.span[0] : t.span[1]] for t in split(text).tasks] == [
            "First export the ledger",
            "then close the month",
        ]


class TestOrder:
    @pytest.mark.parametrize(
        ("text", "first", "second"),
        [
            pytest.param("Export the ledger, then mail Ana.", "Export the ledger", "mail Ana", id="then"),
            pytest.param(
                "Before you switch the DNS, lower the TTL.", "lower the TTL", "you switch the DNS", id="before"
            ),
            pytest.param("Call Ana after lowering the rent.", "lowering the rent", "Call Ana", id="after"),
            pytest.param("Lower the rent; once that's done, call Ana.", "Lower the rent", "call Ana", id="once"),
        ],
    )
    def test_follows_explicit_words(self, text: str, first: str, second: str) -> None:
        found = graph(text)
        assert found == {first: set(), second: {first}}

    def test_is_lifted_by_parallel_words(self) -> None:
        assert not any(graph("In parallel: clean the table, rotate the keys, update the rules.").values())

    def test_is_lifted_by_a_lead_that_says_any_order(self) -> None:
        assert not any(graph("Housekeeping, any order:\n1. Upgrade Node\n2. Delete stale branches").values())

    def test_is_lifted_by_a_later_count_of_the_list(self) -> None:
        found = graph("Render the intro, cut the interviews, and record the narration. Assemble all three.")
        assert found["Assemble all three"] == {"Render the intro", "cut the interviews", "record the narration"}
        assert not found["cut the interviews"]

    def test_stays_where_a_count_stands_against_explicit_words(self) -> None:
        found = graph("Render the intro, then cut the interviews. Assemble both.")
        assert found["cut the interviews"] == {"Render the intro"}

    def test_of_numbers_is_a_chain_unless_they_say_otherwise(self) -> None:
        assert graph("1. Buy paint\n2. Book a hall\n3. Call Ana (after 1)")["Call Ana"] == {"Buy paint"}

    def test_follows_data(self) -> None:
        found = graph("Write the report. Book the room. Send the report to Ana.")
        assert "Write the report" in found["Send the report to Ana"]

    def test_of_instructions_is_their_order(self) -> None:
        found = graph("How to fetch bread:\n- go to the shop\n- buy bread\n- drive home")
        assert found["drive home"] == {"buy bread"}

    def test_of_advice_is_none(self) -> None:
        assert not any(graph("How to feel good:\n- sing\n- help others\n- eat fruit").values())

    def test_of_conditions_side_by_side_is_none(self) -> None:
        assert not any(graph("If the rent goes up, look for an office. If it stays, extend the lease.").values())

    def test_cues_are_words_of_the_text_with_a_confidence(self) -> None:
        cues = edge_cues(split("Export the ledger, then load it."))
        assert list(cues.values()) == [("then", 0.95)]


class TestConditions:
    def test_branches_wait_for_what_they_ask_about(self) -> None:
        found = split("Run the tests. If they pass, deploy; otherwise roll back.")
        rules = {task.description: task.trigger_rule for task in found.tasks}
        assert rules == {
            "Run the tests": TriggerRule.ALL_SUCCEEDED,
            "deploy": TriggerRule.ALL_SUCCEEDED,
            "roll back": TriggerRule.ANY_FAILED,
        }
        first = found.tasks[0].id
        assert {(e.before, e.after) for e in found.edges if e.confidence >= KEPT} == {
            (first, t.id) for t in found.tasks[1:]
        }

    @pytest.mark.parametrize(
        "text",
        [
            "Run the tests. If they fail, roll back, otherwise deploy.",
            "Run the tests; if it fails, roll back; else deploy.",
            "Run the tests. If the tests fail, roll back; otherwise deploy.",
        ],
    )
    def test_what_is_for_a_failure_runs_only_after_one(self, text: str) -> None:
        rules = {task.description: task.trigger_rule for task in split(text).tasks}
        assert rules["roll back"] is TriggerRule.ANY_FAILED
        assert rules["deploy"] is TriggerRule.ALL_SUCCEEDED

    def test_the_failure_of_something_else_is_no_counterpart(self) -> None:
        found = split(
            "Deploy the release. If it fails, roll back. Run the smoke tests. If they fail, page the on-call engineer."
        )
        deploy, roll, tests, page = (t.id for t in found.tasks)
        assert [t.trigger_rule for t in found.tasks] == [
            TriggerRule.ALL_SUCCEEDED,
            TriggerRule.ANY_FAILED,
            TriggerRule.ALL_SUCCEEDED,
            TriggerRule.ANY_FAILED,
        ]
        # What comes after the roll-back runs also when there is none.
        assert {(e.before, e.after) for e in found.edges} == {(deploy, roll), (deploy, tests), (tests, page)}

    def test_a_failure_behind_a_success_is_its_counterpart(self) -> None:
        found = split("Run the tests. If they pass, deploy. If they fail, roll back.")
        tests, deploy, roll = (t.id for t in found.tasks)
        assert {(e.before, e.after) for e in found.edges} == {(tests, deploy), (tests, roll)}
        assert found.tasks[2].trigger_rule is TriggerRule.ANY_FAILED


class TestFindings:
    def test_a_text_without_words_has_no_task(self) -> None:
        found = split(" … !")
        assert found.tasks == ()
        assert [f.code for f in found.findings] == ["NoWorkFound"]

    def test_a_text_without_work_is_one_task_and_a_warning(self) -> None:
        found = split("It rained all day.")
        assert len(found.tasks) == 1
        assert [f.code for f in found.findings] == ["NoWorkFound"]

    def test_too_much_work_is_an_error_with_the_number(self) -> None:
        found = split("\n".join(f"- paint wall {k}" for k in range(12)), max_subtasks=10)
        assert [f.code for f in found.findings] == ["TooManySubTasks"]
        assert "12 pieces of work" in found.findings[0].message


class TestConditionsWithoutComma:
    @pytest.mark.parametrize(
        "text",
        [
            "Build the image; if the scan is clean deploy it, otherwise notify security.",
            "Build the image. If the scan passes deploy it, otherwise notify security.",
            "Build the image. Once the checks pass deploy the image, otherwise notify security.",
        ],
    )
    def test_a_command_right_behind_the_condition_is_a_task(self, text: str) -> None:
        found = graph(text)
        assert len(found) == 3
        assert [waits for task, waits in found.items() if "deploy" in task.lower()] == [{"Build the image"}]

    def test_a_noun_behind_an_outcome_stays_a_noun(self) -> None:
        assert len(tasks("If the model is good report it has to contain is enough.")) <= 1


class TestWhatSeveralWaitFor:
    def test_members_of_a_list_do_not_wait_for_each_other(self) -> None:
        found = graph("Deploy A, B and C in parallel after the migration is done.")
        assert len(found) == 3
        assert set().union(*found.values()) == set()

    def test_before_goes_for_both_sides_of_an_and(self) -> None:
        found = graph("Migrate the database and rebuild the indexes before you deploy the service.")
        assert sorted(map(len, found.values())) == [0, 0, 2]
