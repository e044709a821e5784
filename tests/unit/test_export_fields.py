"""The search for the fields that exports refuse."""

from __future__ import annotations

import pytest

from tap_pardot.errors import StreamFailed
from tap_pardot.sources.export_fields import RejectedFields

KEYS = ("id", "updated_at")


def refusal(*named: str) -> StreamFailed:
    error = StreamFailed("refused", 180)
    error.message_words = frozenset(named)
    return error


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    "bad", [{"a0"}, {"a9"}, {"c0"}, {"c199"}, {"a3", "c7", "c8"}, {"a0", "a9", "c0", "c199"}]
)
def test_exactly_the_refused_fields_are_found(bad, named):
    custom = [f"c{n}" for n in range(200)]
    asked = [*KEYS, *(f"a{n}" for n in range(10)), *custom[:130]]
    bad &= set(asked)
    trials = []
    rejected = RejectedFields(KEYS, custom)
    rejected.note_accepted(custom[130:] if len(bad) > 2 else [])

    def accepts(fields):
        trials.append(fields)
        return bad.isdisjoint(fields)

    while not bad.isdisjoint(left := rejected.accepted(asked)):
        names = sorted(bad & set(left))[:1] if named else []
        rejected.bisect(left, refusal(*names), accepts)
        assert len(trials) < 70

    assert rejected.names == bad
    assert rejected.all_custom is False


def test_custom_fields_that_are_all_refused_are_not_listed_one_by_one():
    custom = [f"c{n}" for n in range(50)]
    rejected = RejectedFields(KEYS, custom)

    def accepts(fields):
        return not any(name.startswith("c") for name in fields)

    assert rejected.bisect([*KEYS, "a", *custom], refusal(), accepts) == []
    assert rejected.all_custom
    assert rejected.names == set()
    assert rejected.accepted([*KEYS, "a", *custom]) == [*KEYS, "a"]


def test_a_refusal_of_the_keys_is_raised_again():
    rejected = RejectedFields(KEYS, ())
    error = refusal()
    with pytest.raises(StreamFailed) as raised:
        rejected.bisect([*KEYS, "a", "b"], error, lambda _: False)
    assert raised.value is error
    with pytest.raises(StreamFailed):
        rejected.bisect(KEYS, error, lambda _: True)
    assert rejected.names == set()


def test_what_was_found_out_survives_in_state():
    rejected = RejectedFields(KEYS, ["c1", "c2"], ["zip", "fax", "*"])
    assert rejected.names == {"fax", "zip"}
    assert rejected.all_custom
    assert rejected.to_state() == ["fax", "zip", "*"]
    assert RejectedFields(KEYS, ["c1"]).to_state() == []
