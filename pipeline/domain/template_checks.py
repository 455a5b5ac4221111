"""The allowed subset of Jinja2 in sentence templates: no loops, calls or attributes.

Loops, calls and attributes are refused before anything is compiled, and so is what could grow
without them: lists of lists, and lines, nesting and slots beyond any sentence.
"""

import jinja2
from jinja2 import nodes

from models.errors import DataError

ALLOWED_FILTERS = ("capitalize", "lower", "title", "trim", "upper")
TAGGED = "tagged"  # no filter of Jinja's: it narrows what is drawn from
# What templates of sentences and of prompts may both hold.
SHARED_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.List,
    nodes.Tuple,
    nodes.Filter,
    nodes.Getattr,  # `{{ place.country }}`: looked up in the lexicon, never on an object
)
_ALLOWED_NODES = (*SHARED_NODES, nodes.Assign)
_MAX_CHARACTERS, _MAX_NESTING, _MAX_NAMES = 10_000, 40, 200


def parse(environment: jinja2.Environment, line: str, location: str) -> nodes.Template:
    """The tree of one template. Raises `DataError`, which begins with `location`, where refused."""
    if len(line) > _MAX_CHARACTERS:
        raise DataError(
            f"{location}: a template of {len(line):,} characters; "
            f"at most {_MAX_CHARACTERS:,} are read"
        )
    try:
        tree = environment.parse(line)
    except jinja2.TemplateSyntaxError as error:
        raise DataError(f"{location}: template syntax: {error.message}") from None
    except (RecursionError, ValueError):  # a number of more digits than Python reads
        raise DataError(
            f"{location}: template syntax: nested too deeply, or a number too long"
        ) from None
    _check_nodes(tree, location, nesting=1)
    num_names = sum(1 for _ in tree.find_all(nodes.Name))
    if num_names > _MAX_NAMES:
        raise DataError(
            f"{location}: {num_names} slots in one template; at most {_MAX_NAMES} are read"
        )
    return tree


def _check_nodes(tree: nodes.Node, location: str, nesting: int) -> None:
    if nesting > _MAX_NESTING:
        raise DataError(f"{location}: template syntax: nested too deeply")
    for node in tree.iter_child_nodes():
        if _reaches_into_python(node):
            name = node.attr if isinstance(node, nodes.Getattr) else "[...]"
            raise DataError(f"{location}: `.{name}`: templates may not reach into Python objects")
        if isinstance(node, nodes.Name) and node.name.startswith("_"):
            raise DataError(f"{location}: `{node.name}`: a slot's name may not begin with `_`")
        if isinstance(node, nodes.Filter) and node.name not in (*ALLOWED_FILTERS, TAGGED):
            allowed = ", ".join((*ALLOWED_FILTERS, TAGGED))
            raise DataError(f"{location}: unknown filter `{node.name}`; allowed: {allowed}")
        if isinstance(node, (nodes.List, nodes.Tuple)) and not isinstance(tree, nodes.Operand):
            raise DataError(f"{location}: a list of values is allowed after `in` alone")
        if not isinstance(node, _ALLOWED_NODES):
            kind = type(node).__name__.lower()
            raise DataError(
                f"{location}: `{kind}` is not allowed in a sentence template; "
                "use {{ slot }}, filters, {% if %} and {% set %}"
            )
        _check_nodes(node, location, nesting + 1)


def _reaches_into_python(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Getattr):
        return node.attr.startswith("_") or not isinstance(node.node, nodes.Name)
    return isinstance(node, nodes.Getitem)
