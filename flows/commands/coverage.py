"""`voxloom coverage`: what a build's sentences would cover, without speaking them."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast, get_args

from rich.console import Console

from models.errors import ConfigError
from pipeline.build.config import BuildConfig, lexicon_of, load_build_config
from pipeline.coverage.comparison import (
    Curve,
    comparison_table,
    coverage_curve,
    gaps_list,
    with_strategy,
    write_comparison,
)
from pipeline.sentences.drawing.sampling import Strategy
from pipeline.sentences.generate import check_sentences
from pipeline.text.spoken import check_text

console = Console(highlight=False)


def coverage_command(config_file: Path, against: str, overrides: Sequence[str], out: Path) -> None:
    """Print the tables, write them and the plot to `out`.

    Raises `ConfigError` for a build without a domain, or a strategy beside itself.
    """
    config = load_build_config(config_file, overrides)
    if config.sentences.domain is None:
        raise ConfigError(f"{config_file}: sentences.domain: null; only templates can be covered")
    strategies = _strategies(config.sentences.strategy, against)
    for strategy in strategies:
        check_sentences(with_strategy(config.sentences, strategy), config.seed)
    check_text(config.text)
    curves = [_curve(config, strategy) for strategy in strategies]
    write_comparison(curves, out)
    for text in (comparison_table(curves), *map(gaps_list, curves)):
        console.print(f"\n{text}", markup=False, soft_wrap=True)
    console.print(f"\nwritten to {out}: coverage.md, coverage.csv, coverage.png", soft_wrap=True)


def _strategies(own: Strategy, against: str) -> tuple[Strategy, Strategy]:
    allowed = [name for name in get_args(Strategy) if name != own]
    if against not in allowed:
        raise ConfigError(
            f"--against {against}: the config's own strategy is {own}; allowed beside it: "
            f"{', '.join(allowed)}"
        )
    return own, cast(Strategy, against)


def _curve(config: BuildConfig, strategy: Strategy) -> Curve:
    with console.status(f"{strategy}: reading sentences") as status:
        total = config.sentences.count

        def progress(taken: int) -> None:
            status.update(f"{strategy}: {taken:,} of {total:,} sentences read")

        sentences = with_strategy(config.sentences, strategy)
        lexicon = lexicon_of(config)
        return coverage_curve(sentences, config.text, lexicon, config.seed, progress)
