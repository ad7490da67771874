"""HiGHS, as the attack and the protection use it: a sparse table of rows, and a silent solver of it.

What belongs here: how a linear programme gets to HiGHS. What does not: which programmes there are (`attack.py`,
`protection.py`).
"""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """Rows of a matrix as HiGHS takes them: where each starts, and the column and value of every entry that is not 0."""

    start: NDArray[np.int32]
    index: NDArray[np.int32]
    value: FloatArray
    shape: tuple[int, int]

    @classmethod
    def of(cls, matrix: Any, chosen: BoolArray) -> Rows:
        """Some rows of a sparse matrix; scipy's own way takes much longer on small ones."""
        lengths = np.diff(matrix.indptr)
        entries = np.repeat(chosen, lengths)
        start = np.concatenate([[0], np.cumsum(lengths[chosen])]).astype(np.int32)
        return cls(start, matrix.indices[entries], matrix.data[entries], (len(start) - 1, matrix.shape[1]))

    def alike_columns(self) -> NDArray[np.int64]:
        """Columns with entries in the same rows, numbered alike."""
        row = np.repeat(np.arange(self.shape[0], dtype=np.int32), np.diff(self.start))
        ends = row.itemsize * np.cumsum(np.bincount(self.index, minlength=self.shape[1]))
        rows, found = row[np.argsort(self.index, kind="stable")].tobytes(), dict[bytes, int]()
        begins = [0, *ends.tolist()]
        return np.array(
            [found.setdefault(rows[a:b], len(found)) for a, b in pairwise(begins)], dtype=np.int64
        )


def solver_of(rows: Rows, least: FloatArray, most: FloatArray, floor: FloatArray, ceiling: FloatArray) -> Any:
    """A HiGHS solver of least ≤ rows · unknowns ≤ most, floor ≤ unknowns ≤ ceiling, without an objective yet."""
    model: Any = highspy.HighsLp()
    model.num_row_, model.num_col_ = rows.shape
    model.col_cost_ = np.zeros(rows.shape[1])
    model.col_lower_, model.col_upper_ = floor, ceiling
    model.row_lower_, model.row_upper_ = least, most
    matrix = model.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.start_, matrix.index_, matrix.value_ = rows.start, rows.index, rows.value
    solver = _quiet_solver()
    solver.passModel(model)
    return solver


@cache
def _banner_printed() -> bool:
    """Let HiGHS print its one banner per process to nowhere: it does so before it can be told to be silent."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        highspy.Highs()
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
    return True


_this_thread = threading.local()


def _quiet_solver() -> Any:
    """HiGHS on one thread, without output: equal input gives equal corners."""
    _banner_printed()
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("random_seed", 1)
    if not getattr(_this_thread, "begun", False):
        # HiGHS prepares a thread when it first solves there; `crossover` does not, and would end the process.
        solver.run()
        _this_thread.begun = True
    return solver
