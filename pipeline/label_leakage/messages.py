"""The texts of label leakage warnings: finding, consequence, remedy."""

from collections.abc import Sequence

from pipeline.statistics.label_tests import Cell


def bound_intent(intent: str, words: Sequence[str], cell: Cell, num_sentences: int) -> str:
    """An intent that `words` predict: its rows have them, and no others do."""
    phrase = _listed(words)
    others = cell.of_rows - cell.rows
    elsewhere = f"and {others} of all others do" if others else "and no other sentence does"
    return (
        f"`{intent}` is bound to {phrase}: {cell.rows} of its {num_sentences} sentences say it, "
        f"{elsewhere}. A recognizer will learn the word, not what is asked: add templates with "
        "other words, and carrier phrases"
    )


def lone_carriers(intent: str, words: Sequence[str], cell: Cell, num_sentences: int) -> str:
    """Words that could be said with any request come with one intent only."""
    first, *others = words
    along = f", as for {_listed(others)}" if others else ""
    return (
        f"`{first}` says nothing about what is wanted, yet {cell.rows} of {cell.of_rows} sentences "
        f"with it are among the {num_sentences} of `{intent}` (chance would make it "
        f"{cell.expected:.0f}){along}. Let other intents say it too: with carrier phrases, or by "
        "sentences.style.politeness"
    )


def tied_values(slot: str, value: str, intent: str, cell: Cell, others: Sequence[str]) -> str:
    """Values of a slot that only one intent, or all but one, says though several have the slot."""
    if cell.rows:
        found = f"is said in `{intent}` only: {cell.rows} of {cell.of_rows} sentences"
    else:
        found = f"is never said in `{intent}`: none of {cell.of_rows} sentences"
    return (
        f"`{value}` of the slot `{slot}` {found} (chance would make it {cell.expected:.0f})"
        f"{_and_others(others)}. A recognizer will learn the value instead of what is asked: "
        "give all templates with the slot the same values, unless tags part them on purpose"
    )


def told_template(slot: str, value: str, template: str, cell: Cell, bits: float) -> str:
    """Which value of a slot is said tells which template says it, within an intent."""
    return (
        f"The values of the slot `{slot}` tell {bits:.2f} bits of the template: most of all "
        f"`{value}`, of which {cell.rows} of {cell.of_rows} sentences come from `{template}` "
        f"(chance would make it {cell.expected:.0f}). Give the intent's templates the same "
        "values, unless tags part them on purpose"
    )


def told_by_voice(column: str, value: str, intent: str, cell: Cell, bits: float) -> str:
    """Speakers or accents go with intents."""
    return (
        f"The {column} tells {bits:.3f} bits of the intent: most of all `{value}`, of whose "
        f"{cell.of_rows} clips {cell.rows} are `{intent}` (chance would make it "
        f"{cell.expected:.0f}). Nothing that was drawn should: look at where these clips come from"
    )


def single_template(intent: str, template: str, num_sentences: int) -> str:
    """An intent that is always put in the same way."""
    return (
        f"`{intent}` has one template, `{template}`, for its {num_sentences} sentences. A "
        "recognizer will learn its words by heart: put it in several ways"
    )


def _listed(words: Sequence[str], most: int = 3) -> str:
    named = [f"`{word}`" for word in words[:most]]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


def _and_others(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f"; {len(names)} more of its values are tied so, such as {_listed(names)}"
