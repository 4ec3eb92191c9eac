"""The closures of all forms of expressions, as a table."""

from __future__ import annotations

from larst.direct import loops, operators, store_calls, values
from larst.direct.compiler import Table
from larst.domain import total

EXPRESSIONS: Table = {
    total.Binary: operators.binary,
    total.Builtin: operators.builtin,
    total.Choice: operators.choice,
    total.Comparison: operators.comparison,
    total.Comprehension: loops.comprehension,
    total.Constant: values.constant,
    total.Exists: loops.exists,
    total.IsInstance: operators.is_instance,
    total.Item: values.item,
    total.Load: values.load,
    total.Logic: operators.logic,
    total.Mapped: values.mapped,
    total.Method: operators.method,
    total.Part: values.part,
    total.Sequence: values.sequence,
    total.StoreCall: store_calls.store_call,
    total.Text: values.text,
    total.Unary: operators.unary,
}
