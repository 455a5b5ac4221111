"""Sentence templates: one Jinja2 template a line, compiled, checked, rendered, counted.

    # templates/set_alarm.j2
    Wake me up at {{ time }}.
    {% if day == "today" %}Set an alarm for {{ time }}.{% else %}Wake me on {{ day }}.{% endif %}

A name is a slot, and every time it is read it is drawn anew; `{% set who = contact %}` keeps
a draw for use in several places, and `{{ who.nickname }}` then says a part of it that its lexicon
holds. `{{ food|tagged("spicy") }}` draws among the values with that tag. A line is a sentence,
not a program: loops, calls and attributes are refused, so every template ends and none reaches
Python. It runs in Jinja2's sandbox on top.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment

from models.errors import DataError
from models.text_files import read_lines
from pipeline.domain.slots.vocabulary import Vocabulary
from pipeline.domain.template_checks import ALLOWED_FILTERS, TAGGED, parse
from pipeline.records import Slot
from pipeline.text.slot_words import occurrences

_TWO_STOPS = re.compile(r"(?<!\.)\.\.(?!\.)")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished sentence and the values that were drawn for it, in the order of drawing."""

    text: str
    slots: tuple[Slot, ...]


Choose = Callable[[Vocabulary], str]


class Template:
    """One line of a template file.

    `Wake me up at {{ time }}.` is kept as its pieces and never touches Jinja again; anything
    more is rendered by Jinja with every slot name replaced by a call that draws; `pieces` is
    None then.
    """

    def __init__(self, line: str, location: str, vocabularies: Mapping[str, Vocabulary]) -> None:
        self.location = location
        self.pieces: tuple[str | Vocabulary, ...] | None = None
        self._compiled: jinja2.Template | None = None
        tree = parse(_ENVIRONMENT, line, location)
        assigned = _check_names(tree, location, vocabularies)
        self._sources = _sources(tree, location, vocabularies)
        self._vocabularies = _drawn_from(tree, location, vocabularies)
        readings = [name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"]
        # At least as many as `all_renderings` gives: a branch not taken draws nothing.
        self.max_renderings = math.prod(
            len(vocabularies[name]) for name in readings if name not in assigned
        )
        if _is_plain(tree):
            self.pieces = tuple(_pieces(tree, self._vocabularies))
        else:
            self._compiled = _compile(tree, assigned, self._sources)

    @property
    def vocabularies(self) -> list[Vocabulary]:
        """What its slots are drawn from; where it narrows one by tags, what is left of it."""
        narrowed = {key.partition("|")[0] for key in self._vocabularies if "|" in key}
        kept = sorted(self._vocabularies.keys() - narrowed)
        return [self._vocabularies[key] for key in kept]

    def render(self, choose: Choose) -> Rendered:
        """The sentence whose slots are what `choose` gives. Raises `DataError` at this line."""
        slots: list[Slot] = []

        def draw(vocabulary: Vocabulary) -> str:
            value = choose(vocabulary)
            slots.append(Slot(vocabulary.name, value))
            return value

        if self.pieces is not None:
            text = "".join(
                piece if isinstance(piece, str) else draw(piece) for piece in self.pieces
            )
            return Rendered(tidy(text), tuple(slots))
        written = set[Slot]()
        text = tidy(self._render_by_jinja(draw, slots, written))
        # What was drawn for a condition, or for one part of it, is not in the sentence.
        said = (slot for slot in slots if slot in written or occurrences(slot.value, text))
        return Rendered(text, tuple(said))

    def all_renderings(self) -> Iterator[Rendered]:
        """Every sentence this template can make, one at a time; texts may repeat."""
        if self.pieces is not None:
            drawn = [piece for piece in self.pieces if not isinstance(piece, str)]
            for values in _combinations(drawn):
                yield self.render(_in_order(values))
        else:
            yield from self._walk_choices()

    def _walk_choices(self) -> Iterator[Rendered]:
        """Depth-first through the tree of draws: which slots are drawn may hang on earlier ones."""
        path: list[int] = []
        while True:
            sizes: list[int] = []

            def follow(vocabulary: Vocabulary) -> str:
                depth = len(sizes)  # noqa: B023
                sizes.append(len(vocabulary))  # noqa: B023
                if depth == len(path):
                    path.append(0)
                return vocabulary[path[depth]]

            yield self.render(follow)
            while path and path[-1] == sizes[len(path) - 1] - 1:
                path.pop()
            if not path:
                return
            path[-1] += 1

    def _render_by_jinja(self, draw: Choose, slots: list[Slot], written: set[Slot]) -> str:
        """`slots` gets all that is drawn, `written` what of it is output."""
        assert self._compiled is not None

        def draw_by_key(key: str) -> str:
            vocabulary = self._vocabularies[key]
            value = draw(vocabulary)
            return _DrawnText(value, Slot(vocabulary.name, value), written)

        def part_of(slot: str, value: str, name: str) -> str:
            part = self._vocabularies[slot].part(value, name)
            if part is None:
                raise ValueError(f"`{value}` has no part `{name}`")
            slots.append(Slot(f"{slot}.{name}", part))
            return _DrawnText(part, slots[-1], written)

        try:
            return self._compiled.render({_DRAW: draw_by_key, _PART: part_of})
        except Exception as error:  # whatever a template does wrong is the template's fault
            raise DataError(f"{self.location}: {type(error).__name__}: {error}") from None


# No template can hold these names: those with a leading `_` are refused.
_DRAW, _PART = "_draw_slot", "_part_of_value"


class _DrawnText(str):
    """The text of a slot, which knows the slot; outputs are noted in `written`."""

    __slots__ = ("slot", "written")
    slot: Slot
    written: set[Slot]

    def __new__(cls, text: str, slot: Slot, written: set[Slot]) -> "_DrawnText":
        drawn = super().__new__(cls, text)
        drawn.slot, drawn.written = slot, written
        return drawn


def _noted(output: object) -> object:
    if isinstance(output, _DrawnText):
        output.written.add(output.slot)
    return output


def _of_slots(change: Callable[..., str]) -> Callable[..., str]:
    """A filter whose result knows the slot that it is of."""

    def changed(text: str, *options: object) -> str:
        result = change(text, *options)
        if isinstance(text, _DrawnText):
            return _DrawnText(result, text.slot, text.written)
        return result

    return changed


class _DrawSlots(jinja2.visitor.NodeTransformer):
    """Replaces every reading of a slot by a call, so that each reading is a draw of its own.

    A part of a value becomes a call that looks it up: no attribute is left for Python.
    """

    def __init__(self, assigned: set[str], sources: Mapping[str, str]) -> None:
        self._assigned = assigned
        self._sources = sources

    def visit_Name(self, node: nodes.Name) -> nodes.Node:
        if node.ctx != "load" or node.name in self._assigned:
            return node
        return _call(_DRAW, nodes.Const(node.name)).set_lineno(node.lineno)

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:
        if node.name != TAGGED:
            return self.generic_visit(node)
        return _call(_DRAW, nodes.Const(_key(node))).set_lineno(node.lineno)

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:
        assert isinstance(node.node, nodes.Name)
        slot, part = nodes.Const(self._sources[node.node.name]), nodes.Const(node.attr)
        return _call(_PART, slot, node.node, part).set_lineno(node.lineno)


def _call(name: str, *arguments: nodes.Expr) -> nodes.Call:
    return nodes.Call(nodes.Name(name, "load"), list(arguments), [], None, None)


def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        undefined=jinja2.StrictUndefined, autoescape=False, finalize=_noted
    )
    environment.globals.clear()
    environment.filters = {name: _of_slots(environment.filters[name]) for name in ALLOWED_FILTERS}
    return environment


_ENVIRONMENT = _environment()


def read_templates(path: Path, vocabularies: Mapping[str, Vocabulary]) -> dict[int, Template]:
    """The templates of a `.j2` file by line number; blank lines and `#` lines are skipped.

    Raises `DataError` naming file and line for whatever cannot be a template.
    """
    lines = read_lines(path, "templates")
    templates = {
        number: Template(line.strip(), f"{path}:{number}", vocabularies)
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith("#")
    }
    if not templates:
        raise DataError(f"{path}:1: no template in this file; it needs at least one line")
    return templates


def _check_names(
    tree: nodes.Template, location: str, vocabularies: Mapping[str, Vocabulary]
) -> set[str]:
    """The names that `{% set %}` gives; every other name must be a slot."""
    names = list(tree.find_all(nodes.Name))
    assigned = {node.name for node in names if node.ctx == "store"}
    for name in sorted(assigned & vocabularies.keys()):
        raise DataError(f"{location}: `{name}` is a slot already; set another name")
    for node in names:
        if node.name not in assigned and node.name not in vocabularies:
            known = ", ".join(sorted(vocabularies))
            raise DataError(f"{location}: undefined slot `{node.name}`; there are: {known}")
    return assigned


def _sources(
    tree: nodes.Template, location: str, vocabularies: Mapping[str, Vocabulary]
) -> dict[str, str]:
    """The slot that each name given by `{% set %}` is drawn from; checks every part read of it."""
    drawn_from: dict[str, set[str]] = {}
    for assign in tree.find_all(nodes.Assign):
        value: nodes.Node = assign.node
        if isinstance(value, nodes.Filter) and value.name == TAGGED:
            value = value.node or value
        if isinstance(assign.target, nodes.Name) and isinstance(value, nodes.Name):
            drawn_from.setdefault(assign.target.name, set()).add(value.name)
    sources = {name: slots.pop() for name, slots in drawn_from.items() if len(slots) == 1}
    for node in tree.find_all(nodes.Getattr):
        assert isinstance(node.node, nodes.Name)
        slot = sources.get(node.node.name)
        if slot is None or slot not in vocabularies:
            raise DataError(
                f"{location}: `.{node.attr}`: templates may not reach into Python objects; for a "
                "part of a value write {% set x = slot %} and then {{ x." + node.attr + " }}"
            )
        _check_part(vocabularies[slot], node.attr, location)
    return sources


def _check_part(vocabulary: Vocabulary, part: str, location: str) -> None:
    entries = vocabulary.entries.values()
    lacking = next((entry for entry in entries if part not in entry.parts), None)
    if lacking or not entries:
        known = sorted({name for entry in entries for name in entry.parts}) or ["none"]
        of = f"`{lacking.value}` (line {lacking.line}) of " if lacking else ""
        raise DataError(
            f"{location}: {of}the slot `{vocabulary.name}` has no part `{part}`; "
            f"parts in its lexicon: {', '.join(known)}"
        )


def _drawn_from(
    tree: nodes.Template, location: str, vocabularies: Mapping[str, Vocabulary]
) -> dict[str, Vocabulary]:
    """The vocabularies that this template draws from: slots, and slots narrowed by tags."""
    names = {node.name for node in tree.find_all(nodes.Name)}
    drawn = {name: vocabularies[name] for name in names if name in vocabularies}
    for node in tree.find_all(nodes.Filter):
        if node.name != TAGGED:
            continue
        tags = [arg.value for arg in node.args if isinstance(arg, nodes.Const)]
        slot = node.node.name if isinstance(node.node, nodes.Name) else ""
        if slot not in vocabularies or not tags or len(tags) < len(node.args) or node.kwargs:
            raise DataError(f'{location}: `tagged` is written {{{{ slot|tagged("tag") }}}}')
        narrowed = vocabularies[slot].tagged(map(str, tags))
        if narrowed is None:
            known = ", ".join(sorted(vocabularies[slot].tags)) or "none"
            wanted = " and ".join(f"`{tag}`" for tag in tags)
            raise DataError(
                f"{location}: no value of the slot `{slot}` is tagged {wanted}; its tags: {known}"
            )
        drawn[_key(node)] = narrowed
    return drawn


def _key(node: nodes.Expr) -> str:
    """What a draw is looked up by: the slot, or the slot and its tags."""
    if isinstance(node, nodes.Filter):
        assert isinstance(node.node, nodes.Name)
        tags = [arg.value for arg in node.args if isinstance(arg, nodes.Const)]
        return "|".join((node.node.name, *map(str, tags)))
    assert isinstance(node, nodes.Name)
    return node.name


def _compile(
    tree: nodes.Template, assigned: set[str], sources: Mapping[str, str]
) -> jinja2.Template:
    drawing = _DrawSlots(assigned, sources).visit(tree)
    code = _ENVIRONMENT.compile(drawing)
    return jinja2.Template.from_code(_ENVIRONMENT, code, {})


def _is_plain(tree: nodes.Template) -> bool:
    return all(
        isinstance(statement, nodes.Output)
        and all(
            isinstance(part, (nodes.TemplateData, nodes.Name))
            or (isinstance(part, nodes.Filter) and part.name == TAGGED)
            for part in statement.nodes
        )
        for statement in tree.body
    )


def _pieces(
    tree: nodes.Template, vocabularies: Mapping[str, Vocabulary]
) -> Iterator[str | Vocabulary]:
    for output in tree.find_all(nodes.Output):
        for part in output.nodes:
            if isinstance(part, nodes.TemplateData):
                yield part.data
            elif isinstance(part, (nodes.Name, nodes.Filter)):
                yield vocabularies[_key(part)]


def _combinations(vocabularies: Sequence[Vocabulary]) -> Iterator[tuple[str, ...]]:
    """One value of each, the last changing fastest; lists none of them, however large."""
    if not vocabularies:
        yield ()
        return
    for value in vocabularies[0]:
        for rest in _combinations(vocabularies[1:]):
            yield (value, *rest)


def _in_order(values: Sequence[str]) -> Choose:
    remaining = iter(values)
    return lambda _: next(remaining)


def tidy(text: str) -> str:
    """One space between words, and one full stop where `7 a.m.` ends a sentence."""
    text = " ".join(text.split())
    return _TWO_STOPS.sub(".", text) if ".." in text else text
