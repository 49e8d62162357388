"""What of `typing` and `collections.abc` is needed at run time, without their price: 5 ms to import.

`NamedTuple`, `Protocol`, `runtime_checkable`, `cast`, `Mapping` and `Sequence` mean what they mean there, and type
checkers take them for those. Named tuples cost a tenth to define. It knows nothing of what is defined with them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping, NamedTuple, Protocol, Sequence, cast, runtime_checkable

    __all__ = ["Mapping", "NamedTuple", "Protocol", "Sequence", "cast", "runtime_checkable"]
else:
    import _collections_abc
    from abc import ABCMeta

    try:
        from _collections import _tuplegetter
    except ImportError:  # not CPython

        def _tuplegetter(number, doc):
            return property(lambda self: tuple.__getitem__(self, number), doc=doc)

    UNCOMPILED = 8  # instances are made in a general way before a method is compiled for the class

    class _Named(type):
        """Makes the annotated names of a class the names of a tuple's items."""

        def __new__(cls, name, bases, body):
            names = tuple(body.get("__annotations__", ()))
            defaults = {one: body[one] for one in names if one in body}
            for number, one in enumerate(names):
                body[one] = _tuplegetter(number, f"Alias for field number {number}")
            body.update(__slots__=(), _fields=names, _field_defaults=defaults, __match_args__=names)
            body.update(_defaults=tuple(defaults.values()), _made=[])
            return type.__new__(cls, name, bases, body)

    class NamedTuple(tuple, metaclass=_Named):
        """A tuple whose items have names, of which the last may have defaults."""

        def __new__(cls, *values, **named):
            cls._made.append(None)
            later = cls._fields[len(values) :]
            known = {**cls._field_defaults, **named}
            fits = len(values) <= len(cls._fields) and known.keys() >= set(later) >= named.keys()
            if len(cls._made) > UNCOMPILED or not fits:
                cls.__new__ = _compile_new(cls)
                return cls.__new__(cls, *values, **named)
            return tuple.__new__(cls, values + tuple([known[one] for one in later]))

        @classmethod
        def _make(cls, values):
            return cls(*values)

        def _replace(self, **named):
            return self.__class__(**{**self._asdict(), **named})

        def _asdict(self):
            return dict(zip(self._fields, self))

        def __getnewargs__(self):
            return tuple(self)

        def __repr__(self):
            return f"{self.__class__.__name__}({', '.join(map('%s=%r'.__mod__, zip(self._fields, self)))})"

    def _compile_new(cls):
        space = {f"default_{name}": value for name, value in cls._field_defaults.items()}
        space["new"] = tuple.__new__
        given = "".join(f", {one}=default_{one}" if one in cls._field_defaults else f", {one}" for one in cls._fields)
        source = f"def __new__(_cls{given}):\n    return new(_cls, ({''.join(f'{one}, ' for one in cls._fields)}))"
        exec(compile(source, f"<{cls.__module__}.{cls.__qualname__}>", "exec"), space)
        return staticmethod(space["__new__"])

    class _Checked(ABCMeta):
        """Lets a protocol be asked about by `isinstance`: whoever has its methods is one."""

        def __instancecheck__(cls, instance):
            wanted = cls.__dict__.get("_methods")
            if wanted is None:
                return super().__instancecheck__(instance)
            return all(hasattr(instance, name) for name in wanted)

    class Protocol(metaclass=_Checked):
        """What something has to be able to do; nobody needs to inherit from it."""

    def runtime_checkable(cls):
        """Also for `isinstance`."""
        cls._methods = tuple(name for name in cls.__dict__ if not name.startswith("_"))
        return cls

    def cast(kind, value):
        """The value, of which only the reader knows that it is of this kind."""
        return value

    Mapping, Sequence = _collections_abc.Mapping, _collections_abc.Sequence
    if not hasattr(Mapping, "__class_getitem__"):  # 3.8
        from typing import Mapping, Sequence
