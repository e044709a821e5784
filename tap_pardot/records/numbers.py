"""Numbers that keep the digits they were written with.

A float holds 15 to 17 digits. What has more must not be rounded on its way, neither a number of
Pardot's JSON nor a text in a cell of a file.

Pure: no I/O.
"""

from __future__ import annotations

from decimal import Decimal
from math import isfinite
from typing import Self


class Number(float):
    """A float that knows the digits it was written with.

    Stream maps calculate with it as with any float. The writer emits its digits.

    Attributes:
        text: The number as it was written, in the form of JSON: ``1.50``, ``1e5``.
    """

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> Self:
        """Make one of a text, which may be beyond the range of a float."""
        number = super().__new__(cls, text)
        number.text = text
        return number


def exact(number: Decimal) -> int | float:
    """Return a finite number without the loss of a digit.

    Returns:
        An int for what was written without a point and an exponent, a float where it has the
        same digits, and else a :class:`Number`.

    Raises:
        ValueError: The number is beyond the range of a float, where most programs that read
            JSON would take it for infinite or zero.
    """
    nearest = float(number)
    if not isfinite(nearest) or (number and not nearest):
        raise ValueError
    if number.as_tuple().exponent == 0:
        return int(number)
    return nearest if Decimal(repr(nearest)) == number else Number(str(number))
