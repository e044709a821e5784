"""Numbers that keep the digits they were written with.

A float holds 15 to 17 digits. A number with more digits must not be rounded, whether it comes from
Pardot's JSON or from a cell of an export file.

Pure: no I/O.
"""

from __future__ import annotations

from decimal import Decimal
from math import isfinite
from typing import Self


class Number(float):
    """A float that knows the digits it was written with.

    Stream maps calculate with it as with any float. The writer emits its own digits.

    Attributes:
        text: The number as it was written, in JSON's syntax: ``1.50``, ``1e5``.
    """

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> Self:
        """Return the number in a string, which may be out of the range of a float."""
        number = super().__new__(cls, text)
        number.text = text
        return number


def exact(number: Decimal) -> int | float:
    """Return a finite number with all its digits.

    Returns:
        An int for a number without a point and an exponent, a float where that has the same
        digits, else a :class:`Number`.

    Raises:
        ValueError: The number is out of the range of a float. Most programs that read JSON would
            take it for infinity or zero.
    """
    nearest = float(number)
    if not isfinite(nearest) or (number and not nearest):
        raise ValueError
    if number.as_tuple().exponent == 0:
        return int(number)
    return nearest if Decimal(repr(nearest)) == number else Number(str(number))
