"""What makes an object's results, as text: library code by path and version, values as such, a user's code by source.

Two objects of one identity behave alike; it is the same in every process, and says in spec.json what was run. Nothing
is guessed: what has no such text is refused, with the reason.
"""

from __future__ import annotations

import copyreg
import dis
import enum
import functools
import hashlib
import inspect
import random
import sys
import textwrap
import types
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from modelcollapse.errors import LearnerError
from modelcollapse.simulation.learning import import_paths

#: Set by the chain in every generation, so they are nobody's to choose.
RESERVED_PARAMS = ("random_state", "n_jobs", "verbose", "warm_start")

#: Types whose `repr` says everything.
_ATOMS = (type(None), bool, int, float, complex, str, type(...), type(NotImplemented))

#: Random numbers in a state of their own.
_GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)

#: What `clone` keeps beside parameters.
_SURVIVING = ("_metadata_request", "_sklearn_output_config")

#: Packages whose code is told by its name: their results are part of `spec.RESULTS_VERSION`, or of no version.
_OURS = (sys.stdlib_module_names - {"__main__"}) | {"modelcollapse"}

#: What a class has beside its code and its values.
_NO_MEMBERS = ("__init_subclass__", "_abc_impl")
_NO_MEMBER_TYPES = (types.MemberDescriptorType, types.GetSetDescriptorType, types.WrapperDescriptorType)


class UnidentifiableError(LearnerError):
    """An object whose identity cannot be told; the message says which, where, and what to do."""


def identity_of(value: object, where: str = "it") -> Any:
    """Return what makes an object's results, as JSON; raise UnidentifiableError if that cannot be told.

    Of an estimator its class and parameters count, of others everything that `pickle` keeps. `where` is what it is
    called if it is refused.

    Examples
    --------
    >>> from sklearn.svm import LinearSVC
    >>> told = identity_of(LinearSVC(C=0.5))
    >>> told["class"], told["params"]["C"]
    ('sklearn.svm._classes:LinearSVC', '0.5')
    """
    try:
        return _Teller().tell(value, where)
    except RecursionError as error:
        raise UnidentifiableError(f"found too deep a nest in {where}") from error


class _Teller:
    """Tells one object; functions and classes once each, however often they are used."""

    def __init__(self) -> None:
        self._told: list[object] = []
        self._open: list[object] = []

    def tell(self, value: Any, where: str) -> Any:
        """Return what makes a value, as JSON."""
        if type(value) in _ATOMS:
            return repr(value)
        if isinstance(value, np.generic):
            return f"{value.dtype}: {value.item()!r}"
        if isinstance(value, types.ModuleType):
            return self._module(value, where)
        if isinstance(value, type):
            return self._once(value, "class", value.__module__, self._class, where)
        if isinstance(value, types.FunctionType):
            return self._once(value, "function", _module_of(value), self._function, where)
        if callable(value) and hasattr(value, "__wrapped__") and not isinstance(value, types.MethodType):
            return self.tell(value.__wrapped__, where)  # as caches and compilers leave it
        if isinstance(value, enum.Enum):
            return {"member": f"{type(value).__qualname__}.{value.name}", "value": self.tell(value.value, where)}
        if any(value is other for other in self._open):
            raise UnidentifiableError(f"found a {type(value).__name__} that holds itself in {where}")
        self._open.append(value)
        try:
            return self._value(value, where)
        finally:
            self._open.pop()

    def _value(self, value: Any, where: str) -> Any:
        """Tell what holds other values."""
        if isinstance(value, bytes | bytearray):
            return f"{type(value).__name__} {_digest(bytes(value))}"
        if type(value) in (list, tuple):
            parts = [self.tell(part, where) for part in value]
            return parts if isinstance(value, list) else {"tuple": parts}
        if type(value) in (set, frozenset):
            return {type(value).__name__: sorted((self.tell(part, where) for part in value), key=str)}
        if type(value) is dict:
            return {"dict": [[self.tell(key, where), self.tell(part, where)] for key, part in value.items()]}
        if isinstance(value, np.ndarray):
            content = self.tell(value.ravel().tolist(), where) if value.dtype.hasobject else _digest(value.tobytes())
            return f"array {value.dtype} {value.shape} {content}"
        if isinstance(value, _GENERATORS):
            raise UnidentifiableError(
                f"found a random generator in {where}, which chains cannot seed; expected a parameter random_state, or "
                "functions of numpy.random, which are seeded"
            )
        if hasattr(type(value), "get_params"):
            return self._estimator(value)
        return self._pickled(value, where)

    def _estimator(self, value: Any) -> Any:
        """Tell the class and the parameters of an estimator: nothing else survives that it is cloned."""
        kind = type(value).__name__
        usual = BaseEstimator.__sklearn_clone__
        if getattr(type(value), "__sklearn_clone__", usual) is not usual:
            raise UnidentifiableError(f"found a {kind}, which keeps what it has learnt when it is cloned")
        params = {name: part for name, part in value.get_params(deep=False).items() if name not in RESERVED_PARAMS}
        told = {name: self.tell(params[name], f"{kind}.{name}") for name in sorted(params)}
        kept = {name: vars(value)[name] for name in _SURVIVING if name in getattr(value, "__dict__", ())}
        more = {"settings": self.tell(kept, kind)} if kept else {}
        return {**_flat(self.tell(type(value), kind)), "params": told, **more}

    def _pickled(self, value: Any, where: str) -> Any:
        """Tell any other object by what `pickle` would write."""
        try:
            reduce = copyreg.dispatch_table.get(type(value))
            reduced: Any = reduce(value) if reduce else value.__reduce_ex__(4)
        except Exception as error:
            raise UnidentifiableError(
                f"found a {type(value).__name__} in {where}, which has no value that could be written down"
            ) from error
        if isinstance(reduced, str):  # its name
            module = getattr(value, "__module__", None) or type(value).__module__
            return _named("object", module, reduced)
        make, arguments, *rest = reduced
        state, items, pairs = (list(rest) + [None] * 3)[:3]
        if isinstance(state, dict) and type(value).__module__.startswith("scipy.stats."):
            state = {**state, "_random_state": None}  # a distribution's: who draws from it brings another
        is_plain = make is copyreg.__newobj__  # type: ignore[attr-defined]
        told: dict[str, Any] = (
            _flat(self.tell(arguments[0], where)) if is_plain else {"made by": self.tell(make, where)}
        )
        more = {
            "arguments": list(arguments[1:] if is_plain else arguments) or None,
            "state": state,
            "items": None if items is None else list(items),
            "pairs": None if pairs is None else list(pairs),
        }
        return told | {name: self.tell(part, where) for name, part in more.items() if part is not None}

    def _once(self, value: Any, kind: str, module: str, tell: Any, where: str) -> Any:
        """Tell a function or a class, and the next time only name it: that also ends circles."""
        before = [number for number, other in enumerate(self._told) if other is value]
        if before:
            return {kind: f"{module}:{value.__qualname__}", "again": before[0]}
        self._told.append(value)
        return {**_named(kind, module, value.__qualname__), **tell(value, where)}

    def _function(self, value: types.FunctionType, where: str) -> Mapping[str, Any]:
        if value.__name__ == "<lambda>":
            raise UnidentifiableError(
                f"found a lambda in {where}, which has no name and no text of its own; expected a function (def …)"
            )
        cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        uses = {name: cell.cell_contents for name, cell in cells if name != "__class__"}
        uses |= {f"default {i}": part for i, part in enumerate(value.__defaults__ or ())}
        uses |= {f"default {name}": part for name, part in (value.__kwdefaults__ or {}).items()}
        told: dict[str, Any] = {}
        if _is_users(_module_of(value)):
            told["source"] = _source(value.__code__, value.__name__, where)
            uses |= {name: value.__globals__[name] for name in _globals(value.__code__) if name in value.__globals__}
        if uses:
            told["uses"] = {name: self.tell(part, f"{value.__qualname__} ({name})") for name, part in uses.items()}
        return told

    def _class(self, value: type, where: str) -> Mapping[str, Any]:
        if not _is_users(value.__module__):
            return {}
        members = {}
        is_made = "__dataclass_fields__" in vars(value)
        for name, member in vars(value).items():
            is_code = isinstance(member, types.FunctionType | classmethod | staticmethod | property)
            is_dunder = name.startswith("__") and name.endswith("__")
            if is_made and isinstance(member, types.FunctionType) and _is_nowhere(inspect.unwrap(member)):
                continue  # a dataclass' own: its fields say all of it
            if isinstance(member, _NO_MEMBER_TYPES) or name in _NO_MEMBERS or (is_dunder and not is_code):
                continue
            members[name] = self._member(member, f"{value.__qualname__}.{name}")
        bases = [self.tell(base, where) for base in value.__bases__ if base is not object]
        fields = [f"{name}: {kind}" for name, kind in getattr(value, "__annotations__", {}).items()] if is_made else []
        parts = {"bases": bases, "fields": fields, "members": members}
        return {name: part for name, part in parts.items() if part}

    def _member(self, member: Any, where: str) -> Any:
        if isinstance(member, classmethod | staticmethod):
            return self.tell(member.__func__, where)
        if isinstance(member, property):
            return [self.tell(part, where) for part in (member.fget, member.fset, member.fdel)]
        if isinstance(member, functools.cached_property):
            return self.tell(member.func, where)
        return self.tell(member, where)

    def _module(self, value: types.ModuleType, where: str) -> Any:
        told = _named("module", value.__name__)
        return {**told, "source": _source(value, value.__name__, where)} if _is_users(value.__name__) else told


def _named(kind: str, module: str, name: str | None = None) -> dict[str, Any]:
    """Name what is a library's by its version, too."""
    version = import_paths.library_version(module)
    return {kind: module if name is None else f"{module}:{name}", **({"version": version} if version else {})}


def _flat(told: dict[str, Any]) -> dict[str, Any]:
    """Return a class as the beginning of what is told of its instance; its code stands apart."""
    return {name: told.pop(name) for name in ("class", "version") if name in told} | ({"code": told} if told else {})


def _module_of(function: types.FunctionType) -> str:
    """Return where a function was written: what `functools.wraps` leaves says where the wrapped one was."""
    return str(function.__globals__.get("__name__", function.__module__))


def _is_users(module: str) -> bool:
    """Return whether code is in no library that has a version: in a notebook, a script, or a module beside it."""
    return module.partition(".")[0] not in _OURS and import_paths.library_version(module) is None


def _is_nowhere(function: Any) -> bool:
    return function.__code__.co_filename == "<string>"


def _source(value: Any, name: str, where: str) -> str:
    try:
        return textwrap.dedent(inspect.getsource(value))
    except (OSError, TypeError) as error:
        raise UnidentifiableError(
            f"found {name} in {where}, whose source cannot be read; expected code in a file or a notebook"
        ) from error


def _globals(code: types.CodeType) -> Iterator[str]:
    """Yield the global names that code reads, functions within it included."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield from _globals(part)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:24]
