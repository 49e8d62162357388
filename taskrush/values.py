"""Classes of values as attrs makes them, without its price: 30 ms to import, 0.5 ms to build each.

`frozen`, `define`, `field`, `Factory`, `evolve` and `asdict` mean what they mean in attrs, of which they cover what is
used here; type checkers take them for attrs' own. Whoever asks a class for its attributes by attrs (`attrs.fields`,
`attrs.evolve`, cattrs) gets them: attrs is imported then. Methods are only compiled for classes of which there are
many instances. Decision 0018 has the figures. It knows nothing of what the values mean.

Of a class with `slots=False` there may be very many instances that leave most attributes at their defaults: those are
kept by the class alone (so a default is shared, also one that a factory makes), and an instance has what differs. Such
a class names in `COMMON` what most instances have; `uncommon` is true of an instance that has something else. An
attribute with `metadata={"late": (as_given, name)}` is converted when somebody looks at it; until then `name` has what
`as_given` made of it, unless that is None. Decision 0029 has the figures.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from attrs import Factory, asdict, define, evolve, field, fields, frozen

    __all__ = ["Factory", "asdict", "define", "evolve", "field", "fields", "frozen"]
else:
    from _operator import attrgetter

    class _Nothing:
        """No default."""

        __slots__ = ()

        def __repr__(self):
            return "NOTHING"

    NOTHING = _Nothing()
    ATTRS = "__attrs_attrs__"
    UNCOMPILED = 8  # instances are made attribute by attribute before a method is compiled for the class

    class Factory:
        """Makes a default for each instance; with `takes_self` of the instance so far."""

        __slots__ = ("factory", "takes_self")

        def __init__(self, factory, takes_self=False):
            self.factory = factory
            self.takes_self = takes_self

    class Field:
        """One attribute of a class. `alias` is the name of its argument; `type` is filled in with the class."""

        __slots__ = ("alias", "converter", "default", "eq", "init", "kw_only", "metadata", "name", "repr", "type")

        def __init__(
            self,
            default=NOTHING,
            factory=None,
            converter=None,
            eq=True,
            repr=True,
            init=True,
            kw_only=False,
            metadata=None,
        ):
            self.default = default if factory is None else Factory(factory)
            self.converter = converter
            self.eq = eq
            self.repr = repr
            self.init = init
            self.kw_only = kw_only
            self.metadata = metadata or {}

        def as_attrs(self, kind):
            """The same for attrs, with its type."""
            import attr

            default = self.default
            if default is NOTHING:
                default = attr.NOTHING
            elif isinstance(default, Factory):
                default = attr.Factory(default.factory, takes_self=default.takes_self)
            return attr.ib(
                default=default,
                converter=self.converter,
                eq=self.eq,
                repr=self.repr,
                init=self.init,
                kw_only=self.kw_only,
                metadata=self.metadata,
                type=kind,
            )

    field = Field

    class _Attributes:
        """The attributes of a class as attrs describes them, made when somebody looks."""

        __slots__ = ("made",)

        def __init__(self):
            self.made = None

        def __get__(self, instance, owner):
            if self.made is None:
                import attr

                from taskrush.annotations import meanings

                types = meanings(owner, {one.name: one.type for one in fields(owner)})
                described = {one.name: one.as_attrs(types[one.name]) for one in fields(owner)}
                self.made = getattr(attr.make_class(owner.__name__, described, slots=True), ATTRS)
            return self.made

    class _Late:
        """An attribute that is converted at first sight; the result stays with the instance."""

        __slots__ = ("convert", "default", "given", "name")

        def __init__(self, name, given, default, convert):
            self.name = name
            self.given = given
            self.default = default
            self.convert = convert

        def __get__(self, instance, owner):
            given = None if instance is None else getattr(instance, self.given)
            if given is None:
                return self.default
            value = self.convert(given)
            object.__setattr__(instance, self.name, value)
            return value

    def frozen(cls=None, *, kw_only=False, eq=True, slots=True):
        """A class whose instances do not change, with slots, `repr` and, unless `eq` is false, comparison by value."""
        return _build(cls, kw_only, eq, True, slots) if cls else lambda late: _build(late, kw_only, eq, True, slots)

    def define(cls=None, *, kw_only=False, eq=True):
        """The same for instances that do change."""
        return _build(cls, kw_only, eq, False) if cls else lambda late: _build(late, kw_only, eq, False)

    def fields(cls):
        """The attributes of a class in order."""
        return cls.__fields__

    def evolve(value, **changes):
        """A copy with some attributes changed, named as the arguments are."""
        cls = value.__class__
        for one in cls.__fields__:
            if one.init and one.alias not in changes:
                changes[one.alias] = getattr(value, one.name)
        return cls(**changes)

    def asdict(value, recurse):
        """The attributes by name; what is inside stays as it is, so `recurse` is false."""
        assert not recurse
        return {one.name: getattr(value, one.name) for one in value.__class__.__fields__}

    def _build(cls, kw_only, eq, immutable, slots=True):
        found = []
        for name, kind in cls.__dict__.get("__annotations__", {}).items():  # noqa: RUF063
            if str(kind).startswith(("ClassVar", "typing.ClassVar")):
                continue
            given = cls.__dict__.get(name, NOTHING)
            one = given if isinstance(given, Field) else Field(given)
            one.name = name
            one.alias = name.lstrip("_")
            one.type = kind
            one.kw_only = one.kw_only or kw_only
            found.append(one)
        names = [one.name for one in found]
        left_out = (*names, "__dict__", "__weakref__")
        body = {key: item for key, item in cls.__dict__.items() if key not in left_out}
        if slots:
            weak = [] if any(base.__weakrefoffset__ for base in cls.__bases__) else ["__weakref__"]
            body["__slots__"] = (*names, *weak)
        else:
            body.update(_shared(found), uncommon=False)
        body.update(
            __fields__=tuple(found),
            __match_args__=tuple(one.name for one in found if one.init and not one.kw_only),
            __attrs_attrs__=_Attributes(),
            __getstate__=_get_state,
            __setstate__=_set_state,
        )
        body.setdefault("__repr__", _represent)
        if eq:
            compared = [one.name for one in found if one.eq]
            body["__key__"] = attrgetter(*compared) if compared else type
            body.setdefault("__eq__", _equal)
            body.setdefault("__hash__", _hash if immutable else None)
        if immutable:
            body["__setattr__"] = body["__delattr__"] = _refuse
        body["__init__"] = late = _late_init(hasattr(cls, "__attrs_post_init__"), slots)
        made = type(cls)(cls.__name__, cls.__bases__, body)
        made.__attrs_types_resolved__ = made  # whoever asks attrs gets types, not texts
        late.__kwdefaults__["_of"].append(made)
        for item in body.values():
            for cell in getattr(item, "__closure__", None) or ():
                if cell.cell_contents is cls:  # `super()` in a method means the class that is left
                    cell.cell_contents = made
        return made

    def _shared(found):
        """Defaults of attributes by name, as instances would have them."""
        body = {}
        for one in found:
            if one.default is NOTHING:
                continue
            value = one.default.factory() if one.default.__class__ is Factory else one.default
            value = value if one.converter is None else one.converter(value)
            late = one.metadata.get("late")
            body[one.name] = _Late(one.name, late[1], value, one.converter) if late else value
        return body

    def _late_init(followed, slots):
        made = 0 if slots else UNCOMPILED

        def __init__(self, *args, _of=[], **values):  # noqa: B006 - a place for the class, one for each function
            nonlocal made
            made += 1
            cls = _of[0]
            if made > UNCOMPILED or not _fill(cls, self, args, values):
                cls.__init__ = _compile_init(cls)
                cls.__init__(self, *args, **values)
            elif followed:
                self.__attrs_post_init__()

        __init__.__kwdefaults__["_of"] = []
        return __init__

    def _fill(cls, self, args, values):
        """Set the attributes one by one; false where the arguments are wrong."""
        own = cls.__dict__
        left, count, position = len(values), len(args), 0
        for one in cls.__fields__:
            value = one.default
            if one.init and one.alias in values:
                value = values[one.alias]
                left -= 1
            elif one.init and position < count and not one.kw_only:
                value = args[position]
                position += 1
            elif value is NOTHING:
                if one.init:
                    return False
                continue
            elif value.__class__ is Factory:
                value = value.factory(self) if value.takes_self else value.factory()
            if one.converter is not None:
                value = one.converter(value)
            own[one.name].__set__(self, value)
        return left == 0 and position == count

    def _compile_init(cls):
        if "__slots__" not in cls.__dict__:
            return _compile_sparse_init(cls)
        plain, named, body = [], [], []
        space = {"NOTHING": NOTHING}
        for number, one in enumerate(cls.__fields__):
            space[f"set{number}"] = cls.__dict__[one.name].__set__
            value = one.alias
            if not one.init and one.default is NOTHING:
                continue
            if one.default is NOTHING:
                argument = one.alias
            elif isinstance(one.default, Factory):
                space[f"make{number}"] = one.default.factory
                argument = f"{one.alias}=NOTHING"
                made = f"make{number}({'self' if one.default.takes_self else ''})"
                value = f"({made} if {one.alias} is NOTHING else {one.alias})" if one.init else made
            else:
                space[f"default{number}"] = one.default
                argument = f"{one.alias}=default{number}"
                value = value if one.init else f"default{number}"
            if one.init:
                (named if one.kw_only else plain).append(argument)
            if one.converter is not None:
                space[f"convert{number}"] = one.converter
                value = f"convert{number}({value})"
            body.append(f"    set{number}(self, {value})")
        return _compiled(cls, plain, named, body, space)

    def _compile_sparse_init(cls):
        """What is the default is not kept. What most instances have are arguments, the rest comes by name."""
        plain, named, body, rest = [], [], [], {}
        space = {"put": object.__setattr__, "put_rest": _put_rest, "rest_of": rest}
        for number, one in enumerate(cls.__fields__):
            name, text = one.alias, f"put(self, {one.name!r}, {one.alias})"
            space[f"convert{number}"] = one.converter
            converted = [] if one.converter is None else [f"{name} = convert{number}({name})"]
            if one.default is NOTHING:
                (named if one.kw_only else plain).append(name)
                body += [f"    {line}" for line in (*converted, text)]
                continue
            default = cls.__dict__[one.name]
            if one.name not in cls.COMMON:
                rest[name] = (one.name, one.converter, default)
                continue
            kept = [*converted, text]
            late = one.metadata.get("late")
            if late:
                default = default.default
                space[f"given{number}"] = late[0]
                kept = [f"raw = given{number}({name})", f"if raw is not None: put(self, {late[1]!r}, raw)", "else:"]
                kept += [f"    {line}" for line in (*converted, text)]
            space[f"default{number}"] = default
            (named if one.kw_only else plain).append(f"{name}=default{number}")
            body += [f"    if {name} is not default{number}:", *(f"        {line}" for line in kept)]
        body.append("    if rest: put_rest(self, rest, rest_of)")
        first = object.__new__(cls)  # attributes that the first instances have share their place in all (CPython)
        for name in (*cls.COMMON, "uncommon"):
            object.__setattr__(first, name, None)
        return _compiled(cls, plain, [*named, "**rest"], body, space)

    def _put_rest(self, given, rest):
        """Keep what is not the default of what few instances have."""
        put = object.__setattr__
        for alias, value in given.items():
            if alias not in rest:
                raise TypeError(f"{self.__class__.__name__}.__init__() got an unexpected keyword argument {alias!r}")
            name, convert, default = rest[alias]
            if value is default:
                continue
            if convert is not None:
                value = convert(value)
            if value != default:
                put(self, name, value)
                put(self, "uncommon", True)

    def _compiled(cls, plain, named, body, space):
        if hasattr(cls, "__attrs_post_init__"):
            body.append("    self.__attrs_post_init__()")
        arguments = ", ".join(["self", *plain, *(["*"] if named[:1] not in ([], ["**rest"]) else []), *named])
        source = f"def __init__({arguments}):\n" + ("\n".join(body) or "    pass")
        exec(compile(source, f"<{cls.__module__}.{cls.__qualname__}>", "exec"), space)
        made = space["__init__"]
        made.__qualname__ = f"{cls.__qualname__}.__init__"
        return made

    def _equal(self, other):
        if other.__class__ is not self.__class__:
            return NotImplemented
        key = self.__class__.__key__
        return key(self) == key(other)

    def _hash(self):
        return hash(self.__class__.__key__(self))

    def _represent(self):
        shown = ", ".join(f"{one.name}={getattr(self, one.name, NOTHING)!r}" for one in self.__fields__ if one.repr)
        return f"{self.__class__.__qualname__.rpartition('>.')[2]}({shown})"

    def _refuse(self, *_):
        from attrs.exceptions import FrozenInstanceError

        raise FrozenInstanceError()

    def _get_state(self):
        if "__slots__" not in self.__class__.__dict__:
            return dict(self.__dict__)
        return {one.name: getattr(self, one.name) for one in self.__fields__}

    def _set_state(self, state):
        for name, value in state.items():
            object.__setattr__(self, name, value)
