import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskdist.engine.suggest import did_you_mean


@pytest.mark.parametrize(
    ("wrong", "known", "meant"),
    [
        pytest.param("analyse", ["analyze", "deploy"], "analyze", id="a letter replaced"),
        pytest.param("depoly", ["analyze", "deploy"], "deploy", id="two letters swapped"),
        pytest.param("valdate", ["validate", "update"], "validate", id="a letter missing"),
        pytest.param("Deploy", ["deploy"], "deploy", id="another case"),
        pytest.param("xyz", ["analyze", "deploy"], "", id="nothing near"),
        pytest.param("", ["a"], "", id="nothing written"),
        pytest.param("a" * 500, ["a"], "", id="too long to compare"),
    ],
)
def test_names_the_nearest(wrong, known, meant):
    assert did_you_mean(wrong, known) == (f'; did you mean "{meant}"?' if meant else "")


@given(st.text(max_size=70), st.sets(st.text(max_size=70), max_size=8))
def test_never_depends_on_the_order_of_a_set(wrong, known):
    assert did_you_mean(wrong, known) == did_you_mean(wrong, sorted(known, reverse=True))
