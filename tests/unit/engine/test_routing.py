"""Which agent type does a task, and what is told about the choice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskdist.engine.model import AgentTypeSpec, Capability, TaskSpec
from taskdist.engine.routing import UNKNOWN_WORK_SCORE, route
from taskdist.planning import shipped

SHIPPED = shipped.agent_types()
PHRASES = Path(__file__).parent / "text" / "data" / "phrases.txt"


def agent(name: str, *keywords: str, weight: float = 4.0, capability: str = "work") -> AgentTypeSpec:
    return AgentTypeSpec(name, name, capabilities=(Capability(capability, keywords, weight),))


def chosen(description: str, *agents: AgentTypeSpec) -> str:
    return route(description, None, agents or SHIPPED).chosen


def phrases() -> list[tuple[str, tuple[str, ...]]]:
    rows = []
    for line in PHRASES.read_text().splitlines():
        if line and not line.startswith("#"):
            agent_type, _, rest = line.partition(": ")
            phrase, _, others = rest.partition(" | ")
            rows.append((phrase, (agent_type, *others.split())))
    return rows


class TestShippedAgentTypes:
    def test_send_work_to_whom_a_dispatcher_would(self) -> None:
        rows = phrases()
        wrong = [(phrase, chosen(phrase)) for phrase, accepted in rows if chosen(phrase) not in accepted]
        assert len(rows) > 550
        assert len(wrong) <= 0.05 * len(rows), wrong

    def test_are_each_chosen_for_most_of_their_own_work(self) -> None:
        right = Counter(accepted[0] for phrase, accepted in phrases() if chosen(phrase) in accepted)
        every = Counter(accepted[0] for _, accepted in phrases())
        assert {name: right[name] / every[name] for name in every if right[name] < 0.85 * every[name]} == {}

    @pytest.mark.parametrize(
        ("description", "agent_type"),
        [
            pytest.param("sign the contract", "general", id="people sign contracts"),
            pytest.param("sign the image", "security", id="signing an artifact is a matter of security"),
            pytest.param("clean the addresses table", "data", id="cleaning a table"),
            pytest.param("clean the freezer", "general", id="cleaning a thing in the room"),
            pytest.param("write the report", "documentation", id="writing for readers"),
            pytest.param("write the parser", "development", id="writing code"),
            pytest.param("write unit tests", "testing", id="writing tests"),
            pytest.param("ship the parcel", "general", id="shipping goods"),
            pytest.param("ship version 3", "deployment", id="shipping software"),
            pytest.param("take a heap dump", "analysis", id="a heap dump is no dump"),
            pytest.param("take a database dump", "data", id="a dump of a database"),
        ],
    )
    def test_look_at_what_a_verb_does_to_which_thing(self, description: str, agent_type: str) -> None:
        assert chosen(description) == agent_type

    @pytest.mark.parametrize(
        ("description", "agent_type"),
        [
            pytest.param("the image must be signed", "security", id="passive"),
            pytest.param("signing the image", "security", id="ing-form"),
            pytest.param("sign it (image)", "security", id="pronoun explained behind"),
            pytest.param("use it to spot-check the balances", "testing", id="after a preparatory verb"),
            pytest.param("a load test to show that it holds", "testing", id="before a purpose"),
            pytest.param("anaylze the slow queries", "analysis", id="slip of the pen"),
            pytest.param("re-test the login", "testing", id="done again"),
            pytest.param("optimise the picking routes", "optimization", id="British spelling"),
        ],
    )
    def test_find_the_work_in_any_form(self, description: str, agent_type: str) -> None:
        assert agent_type in {chosen(description), route(description, None, SHIPPED).runner_up}
        assert chosen(description) == agent_type


class TestChoice:
    def test_tells_score_runner_up_and_words(self) -> None:
        routing = route("paint the fence", None, (agent("painter", "to paint", "fence"), agent("carpenter", "fence")))
        assert (routing.chosen, routing.runner_up) == ("painter", "carpenter")
        assert routing.score > routing.runner_up_score > 0
        assert routing.reason == 'matches "paint", "fence"'

    def test_falls_to_general_for_unknown_work(self) -> None:
        routing = route("frobnicate the widgets", None, (agent("painter", "to paint"), agent("general")))
        assert (routing.chosen, routing.score) == ("general", UNKNOWN_WORK_SCORE)
        assert routing.reason == "no agent type has a keyword for this work"

    def test_takes_the_first_by_name_where_there_is_no_general(self) -> None:
        assert chosen("frobnicate", agent("smith"), agent("baker")) == "baker"

    def test_goes_by_name_at_a_tie(self) -> None:
        assert chosen("paint it", agent("b", "to paint"), agent("a", "to paint")) == "a"

    def test_leaves_out_who_is_not_allowed(self) -> None:
        painter = replace(agent("painter", "to paint"), allowed=False)
        assert chosen("paint the fence", painter, agent("general")) == "general"

    def test_obeys_an_explicit_agent_type(self) -> None:
        routing = route("paint", TaskSpec("t", agent_type="baker"), (agent("baker"), agent("painter", "to paint")))
        assert (routing.chosen, routing.score, routing.runner_up) == ("baker", 1.0, "painter")

    def test_suggests_a_name_for_one_that_does_not_exist(self) -> None:
        routing = route("paint", TaskSpec("t", agent_type="bakr"), (agent("baker"),))
        assert routing.reason == 'named by agentType, but there is no agent type "bakr"; did you mean "baker"?'

    def test_holds_to_required_capabilities(self) -> None:
        agents = (agent("painter", "to paint", capability="brush"), agent("smith", capability="forge"))
        routing = route("paint", TaskSpec("t", required_capabilities=("forge", "bellows")), agents)
        assert (routing.chosen, routing.score) == ("smith", 0.5)
        assert routing.reason == "has forge of the required capabilities; lacks bellows"

    def test_says_that_nobody_has_a_required_capability(self) -> None:
        routing = route("paint", TaskSpec("t", required_capabilities=("forge",)), (agent("painter", "to paint"),))
        assert (routing.chosen, routing.score, routing.reason) == ("painter", 0.0, "no agent type has forge")

    def test_reads_a_name_where_there_is_no_description(self) -> None:
        assert route("", TaskSpec("paint-fence"), (agent("painter", "to paint"), agent("general"))).chosen == "painter"


class TestKeywords:
    def test_that_are_verbs_match_no_nouns(self) -> None:
        assert chosen("paint the order", agent("a", "to order"), agent("b", "to paint")) == "b"

    def test_of_more_words_hide_shorter_ones_of_anyone(self) -> None:
        agents = (agent("caller", "to call", weight=9), agent("biologist", "to call variants", weight=1))
        assert chosen("call the variants", *agents) == "biologist"

    def test_weigh_more_on_the_head_of_the_object_than_beside_it(self) -> None:
        assert chosen("fix the fence gate", agent("fence", "fence"), agent("gate", "gate")) == "gate"

    def test_may_name_classes_of_verbs_and_of_things(self) -> None:
        maker = AgentTypeSpec(
            "maker",
            "maker",
            capabilities=(
                Capability("make", ("to build", "to write"), 0),
                Capability("code", ("parser", "test case"), 1),
                Capability("coding", ("<make> <code>",), 5),
            ),
        )
        writer = agent("writer", "to write")
        assert chosen("write the parser", maker, writer) == "maker"
        assert chosen("the parser should be written", maker, writer) == "maker"
        assert chosen("write the novel", maker, writer) == "writer"

    def test_may_name_a_class_that_nobody_has(self) -> None:
        assert chosen("write it", agent("a", "to write <nothing>"), agent("b", "to write")) == "b"

    def test_may_be_of_any_shape(self) -> None:
        for keyword in ("", "to", "to ", "<", "<>", "<make>", "to <make>", "% & $", "to to", "<a> <b> <c>", "x <y"):
            assert chosen("to make % & x y", agent("odd", keyword), agent("general")) in {"odd", "general"}


@given(st.text(max_size=200))
def test_any_text_finds_somebody(text: str) -> None:
    routing = route(text, None, SHIPPED)
    assert routing.chosen in {a.name for a in SHIPPED}
    assert 0.0 <= routing.runner_up_score <= routing.score < 1.0


@given(st.permutations(SHIPPED), st.sampled_from([phrase for phrase, _ in phrases()]))
def test_the_order_of_agent_types_does_not_matter(agents: list[AgentTypeSpec], phrase: str) -> None:
    assert route(phrase, None, tuple(agents)) == route(phrase, None, SHIPPED)
