"""The words that objects of version 5 are declared in.

In lists of names a mark says what is special (reference of version 5, part B):

* fields: ``name=column`` where the stored column is called otherwise; ``!`` only a read gives it
  (NQ); ``-`` known but never given (WO); ``~`` seen in a third party's code only (T); ``#`` an
  enum.
* filters: ``*`` all suffixes of the field's type; ``+`` in no document, seen to be accepted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pardot_emulator.objects import OBJECTS
from pardot_emulator.schema import Kind
from pardot_emulator.v5_computed import COMPUTED

if TYPE_CHECKING:
    from collections.abc import Mapping

AUD = "createdAt updatedAt createdById updatedById"
BY = "createdBy updatedBy"
OPTIONS = "senderOptions replyToOptions"
UTM = "campaignParameter mediumParameter sourceParameter contentParameter termParameter"
DATES = "id* createdAt* updatedAt*"
IN_BIN = "deleted"
CUSTOM_SUFFIX = "__c"

_MARKS = re.compile(r"(?P<mark>[!~#-]*)(?P<name>\w+)(?:=(?P<column>\w+))?")
_WORD = re.compile(r"(?<!^)(?=[A-Z])")

# Keys of nested values, which can be asked for with dots (B.9, B.20).
_OPTION_KEYS = "type address name userId prospectCustomFieldId accountCustomFieldId"
KEYS: Mapping[str, frozenset[str]] = {
    name: frozenset(keys.split())
    for name, keys in {
        "senderOptions": _OPTION_KEYS,
        "replyToOptions": _OPTION_KEYS,
        "recipientLists": "id",
        "suppressionLists": "id",
        "businessHours": "days startTime endTime timezone",
        "prospectsMultipleEntry": "maximumEntries minimumDurationInDays",
        "schedule": "createdAt startOn stopOn",
    }.items()
}
# The object behind a relation, by its path; the others are called as their path.
_RELATED: Mapping[str, str] = {
    **dict.fromkeys(["createdBy", "updatedBy", "assignedTo", "admin"], "users"),
    **dict.fromkeys(["scheduleCreatedBy", "sslRequestedBy"], "users"),
    **dict.fromkeys(["parentCampaign", "defaultCampaign", "pluginCampaign"], "campaigns"),
    **dict.fromkeys(["previousStage", "nextStage"], "lifecycle-stages"),
    "parentFolder": "folders",
    "opportunity": "opportunities",
}


class Field(NamedTuple):
    """One field: its SQL, the kind of its values, and the marks of its declaration."""

    name: str
    sql: str
    kind: Kind
    marks: str = ""


@dataclass(frozen=True)
class V5Object:
    """One object of version 5."""

    path: str  # after /api/v5
    name: str  # the stored object
    fields: Mapping[str, Field]
    filters: str = "id*"
    sorts: str = "id"
    relations: Mapping[str, str] = field(default_factory=dict)  # name -> path of the object
    recycle_bin: str = ""  # SQL: the row is in it; "" when there is none
    bin_documented: bool = True

    @property
    def title(self) -> str:
        """The plural name, as in URLs."""
        return self.path.rpartition("/")[2]


def _snake(name: str) -> str:
    return _WORD.sub("_", name).lower()


def _field(target: str, text: str) -> Field:
    found = _MARKS.fullmatch(text)
    if found is None:
        raise ValueError(f"no field: {text}")
    name, marks = found["name"], found["mark"]
    if (target, name) in COMPUTED:
        return Field(name, *COMPUTED[target, name], marks)
    stored = {one.name: one for one in OBJECTS[target].stored}
    column = found["column"] or (name if name in stored else _snake(name))
    if "-" in marks:
        return Field(name, "NULL", Kind.STRING, marks)
    return Field(name, f'"{column}"', stored[column].kind, marks)


def declare(  # noqa: PLR0913 -- all by name
    path: str,
    name: str,
    fields: str,
    *,
    filters: str = DATES,
    sorts: str = "id createdAt updatedAt",
    relations: str = "",
    recycle_bin: str = "",
    bin_documented: bool = True,
) -> V5Object:
    """Declare an object whose path is that of /api/v5."""
    declared = [_field(name, one) for one in f"id {fields}".split()]
    return V5Object(
        path,
        name,
        {one.name: one for one in declared},
        filters,
        sorts,
        {one: _RELATED.get(one, _snake(one).replace("_", "-") + "s") for one in relations.split()},
        recycle_bin,
        bin_documented,
    )


def listed(path: str, name: str, fields: str, **more: str | bool) -> V5Object:
    """Declare an object under /api/v5/objects."""
    return declare(f"objects/{path}", name, fields, **more)  # type: ignore[arg-type]
