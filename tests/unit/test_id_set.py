"""Ids to be read: a set that comes in order, packs small, and keeps memory and STATE flat."""

from __future__ import annotations

import random

import pytest

from tap_pardot.state.id_set import MOST_IN_STATE, Pending, pack, unpack


@pytest.fixture
def few(monkeypatch):
    """Let STATE have room for five ids, and blocks of the file hold two."""
    monkeypatch.setattr("tap_pardot.state.id_set.MOST_IN_STATE", 5)
    monkeypatch.setattr("tap_pardot.state.id_set._BLOCK", 2)


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


def test_ten_thousand_ids_are_small_in_state():
    chance = random.Random(2)
    near = pack(chance.sample(range(400_000_000, 400_050_000), MOST_IN_STATE))
    far = pack(chance.sample(range(10**9), MOST_IN_STATE))
    assert len(near) < 3 * MOST_IN_STATE
    assert len(far) < 8 * MOST_IN_STATE


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
def test_what_is_no_packed_text_is_refused(text):
    with pytest.raises(ValueError, match="packed"):
        unpack(text)


def test_ids_come_once_and_in_order_however_they_were_added():
    pending = Pending([5, 3])
    for number in (9, 3, 1, 9):
        pending.add(number)

    assert list(pending) == [1, 3, 5, 9]
    assert not pending.overflows
    assert pending.few() == {1, 3, 5, 9}


@pytest.mark.usefixtures("few")
def test_more_than_state_takes_are_in_a_file_and_come_in_order_too():
    ids = random.Random(3).sample(range(1, 1000), 60)
    pending = Pending()
    for count, number in enumerate(ids, start=1):
        pending.add(number)
        pending.add(ids[0])
        assert pending.overflows == (count > 5)
        assert len(pending.few()) <= 5

    assert list(pending) == sorted(ids)
    for number in sorted(ids)[:-6]:
        pending.discard(number)
    assert pending.overflows
    pending.discard(max(ids))
    assert not pending.overflows  # though some were added to the file again and again


@pytest.mark.usefixtures("few")
def test_the_set_may_shrink_while_it_is_read_and_comes_back_from_the_file():
    ids = list(range(10, 170, 10))
    pending = Pending(ids)
    pending.add(5)
    assert pending.overflows
    found, overflowed = [], []
    for number in pending:
        found.append(number)
        assert max(pending) == 160
        if number != 30:
            pending.discard(number)
        overflowed.append(pending.overflows)

    assert found == [5, *ids]
    # 17 ids: when 12 are gone, the rest fits.
    assert overflowed == [True] * 12 + [False] * 5
    assert pending.few() == {30}
    assert list(pending) == [30]


@pytest.mark.usefixtures("few")
def test_an_id_that_is_not_there_or_in_the_buffer_yet_is_removed_like_any_other():
    pending = Pending()
    for number in range(1, 9):
        pending.add(number)
    assert list(pending) == list(range(1, 9))
    pending.add(20)  # not in the file yet
    pending.discard(20)
    pending.discard(99)
    pending.discard(3)
    pending.discard(3)
    assert list(pending) == [1, 2, 4, 5, 6, 7, 8]
    assert pending.overflows
    pending.discard(1)
    pending.discard(2)
    assert not pending.overflows
    assert pending.few() == {4, 5, 6, 7, 8}


@pytest.mark.usefixtures("few")
def test_all_ids_can_be_removed():
    pending = Pending(range(1, 20))
    pending.add(50)
    pending.clear()

    assert not pending.overflows
    assert list(pending) == []
    pending.add(7)
    assert list(pending) == [7]


@pytest.mark.usefixtures("few")
def test_shrinking_keeps_the_largest_ids():
    pending = Pending()
    for number in random.Random(4).sample(range(1, 31), 30):
        pending.add(number)

    assert pending.shrink() == 25
    assert not pending.overflows
    assert list(pending) == [26, 27, 28, 29, 30]
    assert pending.shrink() == 0


def test_ids_to_be_read_once_are_not_taken_again():
    pending = Pending([3, 5], once=True)
    pending.discard(3)
    for number in (3, 5, 7):
        pending.add(number)

    assert list(pending) == [5, 7]


def test_the_real_number_of_ids():
    pending = Pending()
    for number in range(MOST_IN_STATE, 0, -1):
        pending.add(number)
    assert not pending.overflows
    pending.add(MOST_IN_STATE + 1)
    assert pending.overflows
    pending.discard(17)
    assert not pending.overflows
    assert len(pending.few()) == MOST_IN_STATE
