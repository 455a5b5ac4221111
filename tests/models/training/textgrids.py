"""TextGrids for tests, in the forms that Praat and aligners write."""

from collections.abc import Mapping, Sequence
from pathlib import Path

Part = tuple[str, float, float]  # label, start and end in seconds


def write_textgrid(
    path: Path, tiers: Mapping[str, Sequence[Part]], encoding: str = "utf-8", short: bool = False
) -> Path:
    """Interval tiers whose parts lie end to end; gaps are filled with empty labels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    end_s = max(part[2] for parts in tiers.values() for part in parts) + 0.1
    filled = {name: _filled(parts, end_s) for name, parts in tiers.items()}
    lines = _short(filled, end_s) if short else _long(filled, end_s)
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def _filled(parts: Sequence[Part], end_s: float) -> list[Part]:
    filled, last_s = [], 0.0
    for label, start_s, stop_s in parts:
        if start_s > last_s:
            filled.append(("", last_s, start_s))
        filled.append((label.replace('"', '""'), start_s, stop_s))
        last_s = stop_s
    return [*filled, ("", last_s, end_s)]


def _short(tiers: Mapping[str, Sequence[Part]], end_s: float) -> list[str]:
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", f"{end_s}"]
    lines += ["<exists>", f"{len(tiers)}"]
    for name, parts in tiers.items():
        lines += ['"IntervalTier"', f'"{name}"', "0", f"{end_s}", f"{len(parts)}"]
        for label, start_s, stop_s in parts:
            lines += [f"{start_s}", f"{stop_s}", f'"{label}"']
    return lines


def _long(tiers: Mapping[str, Sequence[Part]], end_s: float) -> list[str]:
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', ""]
    lines += ["xmin = 0", f"xmax = {end_s}", "tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (name, parts) in enumerate(tiers.items(), start=1):
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier"',
            f'        name = "{name}"',
        ]
        lines += ["        xmin = 0", f"        xmax = {end_s}"]
        lines += [f"        intervals: size = {len(parts)}"]
        for index, (label, start_s, stop_s) in enumerate(parts, start=1):
            lines += [f"        intervals [{index}]:", f"            xmin = {start_s}"]
            lines += [f"            xmax = {stop_s}", f'            text = "{label}"']
    return lines
