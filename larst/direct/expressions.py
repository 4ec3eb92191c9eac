"""Turns the expressions of the total form into closures, each of which evaluates one of them.

A closure takes the frame of a run: a list of the variables' values, with the run itself in front.
Nothing here is Python source: no program text is ever compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from larst.direct.limits import (
    CHARACTERS_PER_STEP,
    SCANS,
    STEPS_PER_RECORD,
    Run,
    SandboxNeededError,
)
from larst.direct.methods import CHANGING, METHODS
from larst.direct.operations import (
    BINARY,
    BUILTINS,
    COMPARISONS,
    items_of,
    passed,
    scalar_text,
    signed,
)
from larst.domain import total

Frame: TypeAlias = list[Any]
Evaluate: TypeAlias = Callable[[Frame], Any]
Store: TypeAlias = Callable[[Frame, Any], None]

UNSET: Any = object()
"""The value of a variable before its first assignment."""

FIRST_PLACE = 1
"""Where variables begin in a frame; the run is in front of them."""

_TYPES: Mapping[str, type] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "list": list,
    "dict": dict,
    "tuple": tuple,
}
_OWNED_RESULTS = frozenset({"copy", "split"})


def changes_containers(body: total.Block) -> bool:
    """Return whether a program changes any list or dict: only then is noted what it made."""
    return any(_changes(node) for node in _walk(body))


def _changes(node: object) -> bool:
    is_change = isinstance(node, total.Method) and node.name in CHANGING
    return is_change or isinstance(node, total.SetItem)


def _walk(node: object) -> Iterator[object]:
    yield node
    children: Any = ()
    if isinstance(node, tuple | list):
        children = node
    elif isinstance(node, Mapping):
        children = node.values()
    elif hasattr(node, "__dataclass_fields__"):
        children = [getattr(node, name) for name in node.__dataclass_fields__]
    for child in children:
        yield from _walk(child)


def size_of(node: object) -> int:
    """Return how many parts a form has: what one pass through it costs."""
    return sum(hasattr(part, "__dataclass_fields__") for part in _walk(node))


class Compiler:
    """Makes the closures of one program; `owns` if the program changes containers."""

    def __init__(self, *, owns: bool) -> None:
        self._owns = owns
        self._by_form: Mapping[type, Callable[[Any], Evaluate]] = {
            total.Constant: self._constant,
            total.Load: self._load,
            total.Sequence: self._sequence,
            total.Mapped: self._mapped,
            total.Text: self._text,
            total.Unary: self._unary,
            total.Binary: self._binary,
            total.Comparison: self._comparison,
            total.Logic: self._logic,
            total.Choice: self._choice,
            total.Item: self._item,
            total.Part: self._part,
            total.Builtin: self._builtin,
            total.IsInstance: self._is_instance,
            total.Method: self._method,
            total.StoreCall: self._store_call,
            total.Comprehension: self._comprehension,
            total.Exists: self._exists,
        }

    def expression(self, form: total.Expression) -> Evaluate:
        """Return the closure that evaluates an expression."""
        return self._by_form[type(form)](form)

    def iterated(self, form: total.Iterated) -> Evaluate:
        """Return the closure that gives what a loop runs over, charged for its length."""
        first = self.expression(form.arguments[0])
        match form.view:
            case "":
                return lambda frame: items_of(frame[0], first(frame))
            case "items" | "keys" | "values" as view:
                return _dict_view(first, view)
            case "enumerate":
                starts = [self.expression(argument) for argument in form.arguments[1:]]
                return _enumerated(first, starts[0] if starts else None)
            case "reversed":
                return _reversed(first)
            case "zip":
                return _zipped([self.expression(argument) for argument in form.arguments])
        return _ranged([self.expression(argument) for argument in form.arguments])

    def target(self, target: total.Target) -> Store:
        """Return the closure that assigns a value to a target."""
        if isinstance(target, int):
            place = target + FIRST_PLACE

            def assign(frame: Frame, value: Any) -> None:
                frame[place] = value

            return assign
        parts = [self.target(part) for part in target]

        def unpack(frame: Frame, value: Any) -> None:
            if type(value) not in (list, tuple) or len(value) != len(parts):
                raise SandboxNeededError("this unpacking")
            for part, item in zip(parts, value, strict=True):
                part(frame, item)

        return unpack

    def receiver(self, form: total.Receiver) -> Evaluate:
        """Return the closure that gives the store to call."""
        match form:
            case total.DefaultStore():
                return _default_store
            case total.SessionStore():
                return lambda frame: frame[0].view
            case total.StoreIn(place):
                return self._load(total.Load(place))
            case total.ResourceOf(name):
                return _resource(self.expression(name))

    def _made(self, evaluate: Evaluate) -> Evaluate:
        """Return a closure that also notes the container that it makes, where that matters."""
        if not self._owns:
            return evaluate
        return lambda frame: frame[0].own(evaluate(frame))

    def _constant(self, form: total.Constant) -> Evaluate:
        value = form.value
        return lambda _frame: value

    def _load(self, form: total.Load) -> Evaluate:
        place = form.place + FIRST_PLACE

        def load(frame: Frame) -> Any:
            value = frame[place]
            if value is UNSET:
                raise SandboxNeededError("a variable without a value")
            return value

        return load

    def _sequence(self, form: total.Sequence) -> Evaluate:
        parts = [
            (self.iterated(item.items), True)
            if isinstance(item, total.Spread)
            else (self.expression(item), False)
            for item in form.items
        ]
        if not any(is_spread for _, is_spread in parts):
            items = [evaluate for evaluate, _ in parts]
            if form.is_tuple:
                return lambda frame: tuple([evaluate(frame) for evaluate in items])
            return self._made(lambda frame: [evaluate(frame) for evaluate in items])

        def build(frame: Frame) -> list[Any]:
            built: list[Any] = []
            for evaluate, is_spread in parts:
                if is_spread:
                    built.extend(evaluate(frame))
                else:
                    built.append(evaluate(frame))
            return built

        return (lambda frame: tuple(build(frame))) if form.is_tuple else self._made(build)

    def _mapped(self, form: total.Mapped) -> Evaluate:
        entries = [
            (None if key is None else self.expression(key), self.expression(value))
            for key, value in form.entries
        ]
        if all(isinstance(key, total.Constant) for key, _ in form.entries):
            values = [
                (key.value, self.expression(value))
                for key, value in form.entries
                if isinstance(key, total.Constant)
            ]
            return self._made(lambda frame: {key: evaluate(frame) for key, evaluate in values})

        def build(frame: Frame) -> dict[Any, Any]:
            built: dict[Any, Any] = {}
            for key, evaluate in entries:
                if key is not None:
                    name = key(frame)
                    built[name] = evaluate(frame)
                    continue
                value = evaluate(frame)
                if type(value) is not dict:
                    raise SandboxNeededError("`**` of another value than a dict")
                frame[0].charge(len(value))
                built.update(value)
            return built

        return self._made(build)

    def _text(self, form: total.Text) -> Evaluate:
        parts = [self.expression(part) for part in form.parts]

        def build(frame: Frame) -> str:
            run: Run = frame[0]
            text = "".join([scalar_text(run, part(frame)) for part in parts])
            run.charge(len(text) // CHARACTERS_PER_STEP)
            return text

        return build

    def _unary(self, form: total.Unary) -> Evaluate:
        operand = self.expression(form.operand)
        if form.operator == "not":
            return lambda frame: not operand(frame)
        is_minus = form.operator == "-"
        return lambda frame: signed(operand(frame), is_negative=is_minus)

    def _binary(self, form: total.Binary) -> Evaluate:
        left, right = self.expression(form.left), self.expression(form.right)
        compute = BINARY[form.operator]
        return lambda frame: compute(frame[0], left(frame), right(frame))

    def _comparison(self, form: total.Comparison) -> Evaluate:
        first = self.expression(form.first)
        operands = [(symbol, self.expression(operand)) for symbol, operand in form.chain]
        if len(operands) == 1:
            return _one_comparison(first, *operands[0])
        chain = [(COMPARISONS[symbol], operand) for symbol, operand in operands]

        def compare(frame: Frame) -> bool:
            left = first(frame)
            for test, operand in chain:
                right = operand(frame)
                if not test(frame[0], left, right):
                    return False
                left = right
            return True

        return compare

    def _logic(self, form: total.Logic) -> Evaluate:
        *values, last = [self.expression(value) for value in form.values]
        is_and = form.is_and

        def decide(frame: Frame) -> Any:
            for evaluate in values:
                value = evaluate(frame)
                if bool(value) is not is_and:
                    return value
            return last(frame)

        return decide

    def _choice(self, form: total.Choice) -> Evaluate:
        test, value, other = map(self.expression, (form.test, form.value, form.other))
        return lambda frame: value(frame) if test(frame) else other(frame)

    def _item(self, form: total.Item) -> Evaluate:
        container, key = self.expression(form.container), self.expression(form.key)
        if isinstance(form.key, total.Constant) and type(form.key.value) is str:
            name = form.key.value

            def get(frame: Frame) -> Any:
                value = container(frame)
                if type(value) is not dict:
                    raise SandboxNeededError("this item")
                return value[name]

            return get

        def item(frame: Frame) -> Any:
            value, place = container(frame), key(frame)
            kind = type(value)
            if kind is dict or (kind in (list, tuple, str) and type(place) is int):
                return value[place]
            raise SandboxNeededError("this item")

        return item

    def _part(self, form: total.Part) -> Evaluate:
        sequence = self.expression(form.sequence)
        start = self.expression(form.start or total.Constant(None))
        stop = self.expression(form.stop or total.Constant(None))

        def part(frame: Frame) -> Any:
            value, low, high = sequence(frame), start(frame), stop(frame)
            if type(value) not in (list, tuple, str) or {type(low), type(high)} - {
                int,
                type(None),
            }:
                raise SandboxNeededError("this slice")
            result = value[low:high]
            frame[0].charge(len(result) if type(value) is not str else len(result) // 32)
            return result

        return self._made(part)

    def _builtin(self, form: total.Builtin) -> Evaluate:
        call = BUILTINS[form.name]
        arguments = [self.expression(argument) for argument in form.arguments]
        options = {name: self.expression(value) for name, value in form.options.items()}
        if len(arguments) == 1 and not options:
            (argument,) = arguments
            simple: Evaluate = lambda frame: call(frame[0], argument(frame))  # noqa: E731
            return self._made(simple) if form.name == "sorted" else simple

        def apply(frame: Frame) -> Any:
            values = [argument(frame) for argument in arguments]
            keywords = {name: option(frame) for name, option in options.items()}
            return call(frame[0], *values, **keywords)

        return self._made(apply) if form.name == "sorted" else apply

    def _is_instance(self, form: total.IsInstance) -> Evaluate:
        value, types = self.expression(form.value), tuple(_TYPES[name] for name in form.types)
        return lambda frame: isinstance(value(frame), types)

    def _method(self, form: total.Method) -> Evaluate:
        receiver, name = self.expression(form.receiver), form.name
        arguments = [self.expression(argument) for argument in form.arguments]
        by_type = {kind: table[name] for kind, table in METHODS.items() if name in table}

        def call(frame: Frame) -> Any:
            value = receiver(frame)
            method = by_type.get(type(value))
            if method is None:
                raise SandboxNeededError(f".{name}() of this value")
            return method(frame[0], value, *[argument(frame) for argument in arguments])

        return self._made(call) if name in _OWNED_RESULTS else call

    def _store_call(self, form: total.StoreCall) -> Evaluate:
        receiver, method = self.receiver(form.receiver), form.method
        resource, is_scan = _called_resource(form.receiver), _is_scan(form)
        arguments = [self.expression(argument) for argument in form.arguments]
        options = {name: self.expression(value) for name, value in form.options.items()}

        def call(frame: Frame) -> Any:
            store = receiver(frame)
            run: Run = frame[0]
            values = [passed(run, argument(frame)) for argument in arguments]
            keywords = {name: passed(run, option(frame)) for name, option in options.items()}
            run.note_call(resource(run, store), method)
            if is_scan:
                run.charge(getattr(store, "stored_count", 0) * STEPS_PER_RECORD)
            return getattr(store, method)(*values, **keywords)

        return call

    def _comprehension(self, form: total.Comprehension) -> Evaluate:
        element = self.expression(form.element)
        cost = size_of(form.element)
        if form.key is None:

            def listed(frame: Frame) -> list[Any]:
                built: list[Any] = []
                each(frame, lambda inner: built.append(element(inner)))
                return built

            each = self._loops(form.loops, cost)
            return self._made(listed)
        key = self.expression(form.key)

        def mapped(frame: Frame) -> dict[Any, Any]:
            built: dict[Any, Any] = {}

            def add(inner: Frame) -> None:
                name = key(inner)
                built[name] = element(inner)

            each(frame, add)
            return built

        each = self._loops(form.loops, cost + size_of(form.key))
        return self._made(mapped)

    def _exists(self, form: total.Exists) -> Evaluate:
        element, is_all = self.expression(form.items.element), form.is_all

        def check(frame: Frame) -> None:
            if bool(element(frame)) is not is_all:
                raise _DecidedError

        each = self._loops(form.items.loops, size_of(form.items.element))

        def exists(frame: Frame) -> bool:
            try:
                each(frame, check)
            except _DecidedError:
                return not is_all
            return is_all

        return exists

    def _loops(
        self, loops: tuple[total.Loop, ...], cost: int
    ) -> Callable[[Frame, Callable[[Frame], None]], None]:
        """Return a closure that calls a function for each pass through nested loops."""
        loop, *inner = loops
        items, assign = self.iterated(loop.items), self.target(loop.target)
        tests = [self.expression(test) for test in loop.tests]
        steps = 1 + size_of(loop.tests) + (0 if inner else cost)
        deeper = self._loops(tuple(inner), cost) if inner else None

        def each(frame: Frame, visit: Callable[[Frame], None]) -> None:
            run: Run = frame[0]
            for item in items(frame):
                run.steps_left -= steps
                if run.steps_left < 0:
                    raise SandboxNeededError("the budget of steps is used up")
                assign(frame, item)
                for test in tests:
                    if not test(frame):
                        break
                else:
                    if deeper is None:
                        visit(frame)
                    else:
                        deeper(frame, visit)

        return each


class _DecidedError(Exception):
    """Ends the loops of `any` and `all`."""


def _one_comparison(left: Evaluate, symbol: str, right: Evaluate) -> Evaluate:
    if symbol == "is":
        return lambda frame: left(frame) is right(frame)
    if symbol == "is not":
        return lambda frame: left(frame) is not right(frame)
    compare = COMPARISONS[symbol]
    return lambda frame: compare(frame[0], left(frame), right(frame))


def _default_store(frame: Frame) -> Any:
    store = frame[0].store
    if store is None:
        raise SandboxNeededError("no store")
    return store


def _is_scan(form: total.StoreCall) -> bool:
    """Return whether a store call may look at every record; in a loop, that would add up."""
    if form.method == "list":
        return "sort" in form.options or len(form.arguments) == _LIST_ARGUMENTS
    return form.method in SCANS and bool(form.arguments or form.options)


_LIST_ARGUMENTS = 3
"""Arguments of `list` with which the last one is the order."""


def _called_resource(receiver: total.Receiver) -> Callable[[Run, Any], str | None]:
    """Return how the resource of a called store is found, for telemetry."""
    if isinstance(receiver, total.DefaultStore):
        return lambda run, _store: run.resource
    if isinstance(receiver, total.SessionStore):
        return lambda _run, _store: None
    return lambda _run, store: getattr(store, "name", None)


def _resource(name: Evaluate) -> Evaluate:
    def resource(frame: Frame) -> Any:
        run: Run = frame[0]
        run.note_call(None, "resource")
        return run.view.resource(name(frame))

    return resource


def _dict_view(value: Evaluate, view: str) -> Evaluate:
    def items(frame: Frame) -> list[Any]:
        record = value(frame)
        if type(record) is not dict:
            raise SandboxNeededError(f".{view}() of this value")
        frame[0].charge(len(record))
        # A list, so that the loop may change the dict's values.
        return list(getattr(record, view)())

    return items


def _enumerated(value: Evaluate, start: Evaluate | None) -> Evaluate:
    def items(frame: Frame) -> Any:
        values = items_of(frame[0], value(frame))
        first = 0 if start is None else start(frame)
        if type(first) is not int:
            raise SandboxNeededError("this start of enumerate")
        return enumerate(values, first)

    return items


def _reversed(value: Evaluate) -> Evaluate:
    def items(frame: Frame) -> Any:
        values = value(frame)
        if type(values) not in (list, tuple, str):
            raise SandboxNeededError("reversed of this value")
        frame[0].charge(len(values))
        return reversed(values)

    return items


def _zipped(values: list[Evaluate]) -> Evaluate:
    def items(frame: Frame) -> Any:
        return zip(*[items_of(frame[0], value(frame)) for value in values], strict=False)

    return items


def _ranged(bounds: list[Evaluate]) -> Evaluate:
    def items(frame: Frame) -> Any:
        values = [bound(frame) for bound in bounds]
        if any(type(value) is not int for value in values):
            raise SandboxNeededError("this range")
        result = range(*values)
        frame[0].charge(len(result))
        return result

    return items
