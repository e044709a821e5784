"""The expressions of stream maps: what is wrong with them, and that no failure shows data."""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.mapper import (
    MAPPER_ALIAS_OPTION,
    MAPPER_FILTER_OPTION,
    CustomStreamMap,
    PluginMapper,
)

from tap_pardot.errors import StreamFailed
from tap_pardot.maps.setting import hint

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from tap_pardot.maps.setting import Entry

_NAMES = {"_", "record", "config", "__stream_name__", "__original_stream_name__"}
"""What an expression may name besides columns and functions."""

_encode = msgspec.json.Encoder().encode


class Faults:
    """What is wrong with the maps, each thing once however many streams a pattern matches."""

    def __init__(self) -> None:
        self._sentences: dict[tuple[str, str], str] = {}
        self._streams: Counter[tuple[str, str]] = Counter()

    def add(self, entry: Entry, stream: str, name: str, say: str, kind: str) -> None:
        """Add a fault.

        Args:
            entry: The entry.
            stream: The stream it is used for.
            name: The property or the option.
            say: What is wrong; no value of the setting, which may hold a secret.
            kind: The name of an exception.
        """
        where = entry.key, name
        self._streams[where] += 1
        self._sentences.setdefault(
            where, f"stream_maps: {entry.place(stream, name)} {say} ({kind})"
        )

    def refuse(self) -> None:
        """End the run if there are any.

        Raises:
            ConfigValidationError: There are.
        """
        errors = []
        for where, sentence in self._sentences.items():
            others = self._streams[where] - 1
            errors.append(f"{sentence}{f', and for {others} more streams' if others else ''}.")
        if errors:
            raise ConfigValidationError("Stream maps cannot be used.", errors=errors)


class NamedMap(CustomStreamMap):
    """A map whose failures name the property, and never show the record."""

    place = ""
    """Where the entry stands, with ``{}`` for the property."""

    def _eval(
        self, expr: str, expr_parsed: ast.Expr, record: dict[str, Any], property_name: str | None
    ) -> Any:
        """Return the value of an expression.

        Raises:
            StreamFailed: There is none, or a message cannot hold it (a function, for example).
        """
        try:
            value = super()._eval(expr, expr_parsed, record, property_name)
            if property_name is None:
                return bool(value)  # the SDK logs the result of a filter, which may be data
            _encode(value)
        except Exception as error:  # noqa: BLE001 - an expression can raise anything
            kind = _kind(error)
        else:
            return value
        raise StreamFailed(
            f"stream_maps: {self.place.format(property_name or MAPPER_FILTER_OPTION)} fails for a "
            f"record ({kind}): make the expression work for all values, null too, and run again."
        )


def _kind(error: Exception) -> str:
    """Return the name of an error; the SDK wraps some of them."""
    return type(error.__cause__ or error).__name__


def alias_of(entry: Entry, stream: str, faults: Faults) -> str:
    """Return the name that an entry writes a stream under."""
    if entry.alias is None:
        return entry.key if entry.is_further else stream
    try:
        alias = PluginMapper._eval_stream(entry.alias, stream)  # noqa: SLF001
        _encode(alias)
        kind = None if isinstance(alias, str) and alias else TypeError.__name__
    except Exception as error:  # noqa: BLE001 - an expression can raise anything
        kind = _kind(error)
    if kind is None:
        return alias
    say = "is neither a name nor an expression for one"
    faults.add(entry, stream, MAPPER_ALIAS_OPTION, say, kind)
    return stream


def parsed(entry: Entry, stream: str, name: str, text: str, faults: Faults) -> ast.Expr | None:
    """Return a parsed expression; None if it is not one."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        kind = type(error).__name__
    else:
        if body and isinstance(body[0], ast.Expr):
            return body[0]
        kind = SyntaxError.__name__
    faults.add(entry, stream, name, "is not an expression", kind)
    return None


def names_in(text: str) -> set[str]:
    """Return all names in an expression."""
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


class Columns(NamedTuple):
    """The columns of a stream.

    Attributes:
        selected: Those that records have.
        declared: Those that the stream has, selected or not.
    """

    selected: Collection[str]
    declared: Collection[str]


def check_names(
    entry: Entry, stream: str, made: CustomStreamMap, columns: Columns, faults: Faults
) -> None:
    """Find expressions that fail for each record, because something in them does not exist.

    Where there is a filter, properties are computed only for records that pass it: they are left
    to the run.
    """
    evaluator, expressions = made.expr_evaluator, entry.expressions
    if MAPPER_FILTER_OPTION in expressions:
        expressions = {MAPPER_FILTER_OPTION: expressions[MAPPER_FILTER_OPTION]}
    for name, text in expressions.items():
        known = {*columns.selected, *_NAMES, *evaluator.functions}
        known |= {"fake"} if made.fake else set()
        known |= {"self"} if name in columns.selected else set()
        for node in _always(ast.parse(text).body[0]):
            if fault := _fault(node, known, evaluator, columns, stream):
                faults.add(entry, stream, name, *fault)
                break


def _always(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of an expression that are evaluated whatever the record holds."""
    nodes = [tree]
    while nodes:
        node = nodes.pop()
        yield node
        nodes += _parts(node)


def _parts(node: ast.AST) -> Iterable[ast.AST]:
    """Return the direct parts of a node that are evaluated with it."""
    parts: Iterable[ast.AST] = ast.iter_child_nodes(node)
    match node:
        case ast.IfExp():
            parts = [node.test]
        case ast.BoolOp():
            parts = node.values[:1]
        case ast.Compare():
            parts = [node.left, node.comparators[0]]
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            parts = [node.generators[0].iter]
        case ast.Call(func=ast.Name()):
            parts = [*node.args, *node.keywords]
        case ast.Lambda():
            parts = []
    return parts


def _fault(
    node: ast.AST, known: set[str], evaluator: Any, columns: Columns, stream: str
) -> tuple[str, str] | None:
    """Return why a part of an expression can never be evaluated, and the kind of error."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        function = node.func.id
        if function not in evaluator.functions:
            end = hint(function, evaluator.functions)
            return f"calls {function}, which is not a function here{end}", "FunctionNotDefined"
    elif isinstance(node, ast.Name) and node.id not in known:
        return _unknown(node.id, columns, stream), "NameNotDefined"
    elif isinstance(node, ast.expr) and type(node) not in {*evaluator.nodes, ast.Starred}:
        return f"uses {type(node).__name__}, which is not supported", "FeatureNotAvailable"
    return None


def _unknown(name: str, columns: Columns, stream: str) -> str:
    """Return what is wrong with a name."""
    if name == "fake":
        return "needs the package faker: install it beside the tap"
    if name == "self":
        return "uses self, but there is no such column"
    if name in columns.declared:
        return f"uses {name}, which is not selected"
    return f"uses {name}, which is not a column of {stream}{hint(name, columns.selected)}"
