"""Which counted people are the same people, and who lies in whom, as the registry says it.

What belongs here: reading the registry's expressions as sets. What does not: how many people a set has, or what is hidden.

Readers know the definitions: who was met in time was met, and the people of the indicator of bone metastases are the subgroup of
that name. So one set of people must be hidden alike wherever it is published, and the sets of a family are attacked together.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import sqlglot
from numpy.typing import NDArray
from sqlglot import exp

from naome_pipeline.disclosure.attack import BoolArray
from naome_pipeline.engine import DIALECT, look_into_files
from naome_pipeline.indicators.registry import Indicator, Registry
from naome_pipeline.parameters import with_values

# Values of columns that are tried together; a family has a few columns.
_MOST_CASES = 100_000


@dataclass(frozen=True)
class NestedSets:
    """The sets that a family counts, the widest denominator first.

    `kinds`: kinds of people × sets: the combinations that the definitions allow. `denominator`, `numerator`: per indicator the
    place of its set; -1 for the numerator of a duration.
    """

    kinds: BoolArray
    denominator: tuple[int, ...]
    numerator: tuple[int, ...]

    def publishers(self, a_set: int) -> list[tuple[int, bool]]:
        """Places of the indicators that publish a set, and whether it is the denominator there."""
        found = [(i, True) for i, place in enumerate(self.denominator) if place == a_set]
        return found + [(i, False) for i, place in enumerate(self.numerator) if place == a_set]


def people_of(registry: Registry, name: str, subgroup: str) -> frozenset[str]:
    """Who the denominator of an indicator counts in a subgroup: the conditions they meet. Equal for the same people."""
    return _conditions(registry.indicators[name].denominator.where) | _conditions(
        registry.subgroups[subgroup].where
    )


def counted_of(registry: Registry, name: str, subgroup: str) -> frozenset[str]:
    """Who its numerator counts there."""
    return people_of(registry, name, subgroup) | _conditions(registry.indicators[name].numerator.where)


def nested_sets(registry: Registry, family: Sequence[str]) -> NestedSets:
    """The sets of a family, whose first indicator has the widest denominator.

    Every combination of values that the expressions tell apart is tried; those that the registry excludes are left out: whom an
    indicator counts, its completeness counts too, and the indicator that it is a part of.
    """
    entries = [registry.indicators[name] for name in family]
    if len(entries) == 1 and entries[0].measure == "proportion":
        return NestedSets(np.array([[True, False], [True, True]]), (0,), (1,))
    expressions = tuple(e for entry in entries for e in (entry.denominator.where, _numerator(entry)))
    cases = _cases(expressions)
    # A numerator counts people of its denominator only, a denominator those of the widest.
    inside, tops = cases[:, 0::2] & cases[:, :1], cases[:, 1::2]
    tops = tops & inside
    possible = inside[:, 0].copy()
    for place, entry in enumerate(entries):
        for other in (entry.completeness, entry.part_of):
            if other is not None and other in family:
                possible &= ~tops[:, place] | tops[:, list(family).index(other)]
    columns = np.concatenate([inside, tops], axis=1)[possible]
    places: dict[bytes, int] = {}
    which = [places.setdefault(column.tobytes(), len(places)) for column in columns.T]
    kinds = np.stack([columns[:, which.index(place)] for place in range(len(places))], axis=1)
    numerators = [
        place if entry.measure == "proportion" else -1
        for entry, place in zip(entries, which[len(entries) :], strict=True)
    ]
    kept = sorted({*which[: len(entries)], *numerators} - {-1})
    renamed = {place: kept.index(place) for place in kept} | {-1: -1}
    return NestedSets(
        np.unique(kinds[:, kept], axis=0),
        tuple(renamed[place] for place in which[: len(entries)]),
        tuple(renamed[place] for place in numerators),
    )


def _numerator(entry: Indicator) -> str:
    return entry.numerator.where if entry.measure == "proportion" else "FALSE"


def _tree(expression: str) -> exp.Expr:
    where = sqlglot.parse_one(f"SELECT 1 WHERE {with_values(expression)}", dialect=DIALECT).find(exp.Where)
    assert where is not None  # it was written two lines above
    return where.this


@cache
def _conditions(expression: str) -> frozenset[str]:
    """The conditions that an expression joins by AND; none for everybody."""
    tree = _tree(expression)
    parts = tree.flatten() if isinstance(tree, exp.And) else [tree]
    return frozenset(part.unnest().sql(dialect=DIALECT) for part in parts) - {"TRUE"}


@cache
def _cases(expressions: tuple[str, ...]) -> NDArray[np.bool_]:
    """What expressions say of all values of their columns that they can tell apart: cases × expressions."""
    trees = [_tree(expression) for expression in expressions]
    values: dict[str, set[str]] = {}
    for column in (column for tree in trees for column in tree.find_all(exp.Column)):
        values.setdefault(column.name, set()).update(_values_near(column))
    # A column that is only asked whether it has a value needs one.
    values = {name: of if len(of) > 1 else {"NULL", "1"} for name, of in values.items()}
    if np.prod([len(of) for of in values.values()], initial=1.0) > _MOST_CASES:
        raise ValueError(f"the columns {', '.join(values)} have too many values to be tried together")
    tables = [
        f"(VALUES {', '.join(f'({v})' for v in sorted(of))}) AS t{n}({name})"
        for n, (name, of) in enumerate(values.items())
    ]
    said = ", ".join(f"COALESCE({tree.sql(dialect=DIALECT)}, FALSE)" for tree in trees)
    with look_into_files() as connection:
        rows = connection.execute(
            f"SELECT DISTINCT {said} FROM {' CROSS JOIN '.join(['(SELECT 1)', *tables])}"
        ).fetchall()
    return np.array(sorted(rows), dtype=bool).reshape(len(rows), len(expressions))


def _values_near(column: exp.Column) -> set[str]:
    """Values of a column on every side of what it is compared with, and none; true and false where it is a condition itself."""
    condition: exp.Expr = column
    while condition.parent is not None and not isinstance(
        condition.parent, exp.Connector | exp.Not | exp.Where
    ):
        condition = condition.parent
    numbers = [float(n.sql(dialect=DIALECT)) for n in _numbers(condition)]
    texts = [literal.this for literal in condition.find_all(exp.Literal) if literal.is_string]
    if texts:
        return {
            "NULL",
            *(exp.Literal.string(text).sql(dialect=DIALECT) for text in (*texts, "".join(texts) + "?")),
        }
    if numbers:
        return {"NULL", *(f"{n + step:g}" for n, step in itertools.product(numbers, (-1, 0, 1)))}
    return {"NULL"} if condition.find(exp.Is) else {"TRUE", "FALSE"}


def _numbers(condition: exp.Expr) -> list[exp.Expr]:
    """The numbers in a condition, with their signs."""
    found = [n for n in condition.find_all(exp.Literal) if not n.is_string]
    return [n.parent if isinstance(n.parent, exp.Neg) else n for n in found]
