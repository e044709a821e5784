"""Pending ids come in order and once in a run, pack small, and keep memory and STATE flat."""

from __future__ import annotations

import random

import pytest

from tap_pardot.state.id_set import (
    DRAIN_AT,
    IdSet,
    PendingIds,
    pack,
    pack_pairs,
    unpack,
    unpack_pairs,
)


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        ([], None),
        ([81], "81"),
        ([87, 81, 82, 81], "81+1+5"),
        ([1, 2, 3], "1+1+1"),
        ([10**15, 7], f"7+{10**15 - 7}"),
    ],
)
def test_ids_are_packed_by_their_distances_and_come_back_in_order(ids, text):
    assert pack(ids) == text
    assert unpack(text) == sorted(set(ids))


def test_any_set_of_ids_survives():
    chance = random.Random(1)
    for _ in range(50):
        ids = {chance.randint(1, 10 ** chance.randint(1, 15)) for _ in range(chance.randint(1, 60))}
        assert unpack(pack(ids)) == sorted(ids)


def test_five_thousand_ids_are_small_in_state():
    chance = random.Random(2)
    near = pack(chance.sample(range(400_000_000, 400_050_000), DRAIN_AT))
    far = pack(chance.sample(range(10**9), DRAIN_AT))
    assert len(near) < 4 * DRAIN_AT
    assert len(far) < 8 * DRAIN_AT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "5+",
        "+5",
        "5++1",
        "5+0",
        "0",
        "-5",
        "5+-3",
        "5 +1",
        "5.0",
        "1_0",
        "5\n",
        "9" * 5000,
    ],
)
def test_a_text_without_packed_ids_is_refused(text):
    with pytest.raises(ValueError, match="packed"):
        unpack(text)


@pytest.mark.parametrize(
    ("pairs", "text"),
    [
        ({}, None),
        ({81: 82}, "81:82"),
        ({85: 81, 81: 82, 86: 81}, "81:82+4:-1+1:0"),
        ({10**15: 5, 7: 10**15}, f"7:{10**15}+{10**15 - 7}:{5 - 10**15}"),
    ],
)
def test_pairs_are_packed_by_the_distances_of_both_ids_and_come_back(pairs, text):
    assert pack_pairs(pairs) == text
    assert unpack_pairs(text) == pairs


def test_five_thousand_pairs_are_small_in_state():
    chance = random.Random(3)
    ids = sorted(chance.sample(range(400_000_000, 400_050_000), DRAIN_AT))
    others = sorted(chance.sample(range(912_000_000, 912_050_000), DRAIN_AT))
    pairs = dict(zip(ids, others, strict=True))

    packed = pack_pairs(pairs)

    assert unpack_pairs(packed) == pairs
    assert len(packed) < 7 * DRAIN_AT


@pytest.mark.parametrize(
    "text",
    ["", "5", "5+1", "5:", ":5", "5:6+", "0:5", "-5:6", "5:0", "5:6+1:-6", "5:-1", "5:6:7", "5 :6"],
)
def test_a_text_without_packed_pairs_is_refused(text):
    with pytest.raises(ValueError, match="packed"):
        unpack_pairs(text)


def test_ids_come_once_and_in_order_however_they_were_added():
    pending = PendingIds([5, 3])
    for number in (9, 3, 1, 9):
        pending.add(number)

    assert pending.waiting() == [1, 3, 5, 9]
    assert unpack(pending.to_state()) == [1, 3, 5, 9]


def test_an_id_is_among_the_pending_ones_until_it_was_read():
    pending = PendingIds([3, 5])
    pending.postpone(5)
    pending.mark_read(3)
    pending.add(7)

    assert [number for number in range(9) if number in pending] == [5, 7]


def test_an_id_that_was_read_is_not_taken_again():
    pending = PendingIds([3, 5])
    pending.mark_read(3)
    for number in (3, 5, 7):
        pending.add(number)

    assert pending.waiting() == [5, 7]


def test_a_postponed_id_is_not_read_in_this_run_and_stays_in_state():
    pending = PendingIds([3, 5])
    pending.postpone(3)
    pending.add(3)

    assert pending.waiting() == [5]
    assert pending.to_state() == "3+2"


def test_the_set_is_full_at_five_thousand_ids_that_can_be_read():
    pending = PendingIds()
    for number in range(DRAIN_AT, 1, -1):
        pending.add(number)
    assert not pending.is_full
    pending.add(1)
    assert pending.is_full
    pending.postpone(17)
    assert not pending.is_full
    pending.add(17)
    assert not pending.is_full
    pending.add(DRAIN_AT + 1)
    assert pending.is_full
    pending.mark_read(1)
    assert not pending.is_full


@pytest.mark.parametrize("number", [0, 1, 5, 6, 7, 60])
def test_a_set_that_outgrows_memory_knows_its_ids_all_the_same(number):
    ids = random.Random(3).sample(range(1, 1000), number)
    found = IdSet(most_in_memory=5)
    for each in ids:
        assert each not in found
        found.add(each)
        found.add(ids[0])
        assert each in found

    assert {each for each in range(1, 1000) if each in found} == set(ids)
