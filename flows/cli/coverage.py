"""`voxloom coverage`: what a build's sentences cover, without synthesis."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from flows.cli.configs import read_config
from flows.cli.console import console, tell
from flows.cli.options import Out, Overrides
from models.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.build.config import BuildConfig
    from pipeline.coverage.comparison import Curve
    from pipeline.sentences.drawing.sampling import Strategy


def coverage(
    config: Annotated[Path, typer.Argument(help="The build config (YAML).")],
    against: Annotated[
        str, typer.Option(help="The other strategy: random, weighted, zipf or coverage.")
    ] = "random",
    overrides: Overrides = None,
    out: Out = Path("runs/coverage"),
) -> None:
    """Compare what two sampling strategies cover, sentence for sentence. Synthesizes nothing.

    Counts templates, slot values, combinations of slot values, phones and diphones; lists what is
    missing and why. Writes a table, a CSV and a plot.

    [dim]Examples:[/dim]

      voxloom coverage configs/build/quickstart.yaml --set sentences.strategy=coverage

      voxloom coverage my.yaml --set sentences.count=20000 --against weighted --out runs/mine
    """
    settings = read_config(config, overrides)

    from pipeline.coverage import comparison
    from pipeline.sentences.generate import check_sentences
    from pipeline.text.spoken import check_text

    if settings.sentences.domain is None:
        raise ConfigError(f"{config}: sentences.domain: null; only templates can be covered")
    strategies = _strategies(settings.sentences.strategy, against)
    for strategy in strategies:
        check_sentences(comparison.with_strategy(settings.sentences, strategy), settings.seed)
    check_text(settings.text)
    curves = [_curve(settings, strategy) for strategy in strategies]
    comparison.write_comparison(curves, out)
    for text in (comparison.comparison_table(curves), *map(comparison.gaps_list, curves)):
        tell(f"\n{text}")
    tell(f"\nwritten to {out}: coverage.md, coverage.csv, coverage.png")


def _strategies(own: "Strategy", against: str) -> "tuple[Strategy, Strategy]":
    from pipeline.sentences.drawing.sampling import Strategy

    allowed = [name for name in get_args(Strategy) if name != own]
    if against not in allowed:
        raise ConfigError(
            f"--against {against}: the config's own strategy is {own}; allowed beside it: "
            f"{', '.join(allowed)}"
        )
    return own, cast("Strategy", against)


def _curve(config: "BuildConfig", strategy: "Strategy") -> "Curve":
    from pipeline.build.config import lexicon_of
    from pipeline.coverage.comparison import coverage_curve, with_strategy

    sentences = with_strategy(config.sentences, strategy)
    with console.status(f"{strategy}: reading sentences") as status:
        total = config.sentences.count

        def progress(taken: int) -> None:
            status.update(f"{strategy}: {taken:,} of {total:,} sentences read")

        return coverage_curve(sentences, config.text, lexicon_of(config), config.seed, progress)
