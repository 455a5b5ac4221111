"""A voice trained, measured against the one in use, published if it is better, and put to use."""

import shutil
from pathlib import Path
from typing import Annotated, Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger
from pydantic import Field

from flows.artifacts import has_server
from flows.build_dataset import build_dataset
from flows.cli.mels import corpus_config
from flows.parameters import Count, Overrides, Seed, expanded, place, settings_of
from models.checkpoint import (
    KINDS,
    check_role,
    checkpoint_digest,
    checkpoint_files,
    read_info,
)
from models.errors import ConfigError
from models.evaluation.candidate import Contest, Verdict, compare_with_used, deciding_column
from models.evaluation.held_out import held_out_recordings
from models.object_store import RemotePath
from models.training.run import recipe_of, train
from pipeline.storage.publish import publish, staging_folder
from pipeline.storage.versions import check_writable, local_copy, published

# Training goes on from its last saved step, so another attempt costs little.
_ONCE_MORE: dict[str, Any] = {"retries": 1, "cache_policy": NO_CACHE, "persist_result": False}
_KEY_OF_ROLE = {"acoustic": "voice.acoustic_model", "vocoder": "voice.vocoder"}


@task(name="train", task_run_name="train {config}", **_ONCE_MORE)
def train_voice(config: str, overrides: list[str]) -> Path:
    return train(config, overrides)


@task(name="evaluate", task_run_name="evaluate {candidate}", **_ONCE_MORE)
def evaluate_voice(candidate: Path, in_use: Path, contest: Contest) -> Verdict:
    verdict = compare_with_used(candidate, in_use, contest, get_run_logger().info)
    if has_server():
        create_markdown_artifact(verdict.table, description=f"{candidate} beside {in_use}")
    return verdict


@task(name="publish", task_run_name="publish {target}", **_ONCE_MORE)
def publish_voice(candidate: Path, target: Path) -> None:
    local = candidate.with_name(target.name) if isinstance(target, RemotePath) else target
    with staging_folder(local) as staging:
        for file in checkpoint_files(candidate):
            shutil.copy2(file, staging / file.name)
        publish(staging, target)


@flow(name="renew-voice", flow_run_name="{training} for {voice}")
def renew_voice(
    training: str,
    voice: str,
    build: str,
    figure: str = "mcd_dtw_db",
    clips: Annotated[int, Field(ge=1)] = 30,
    training_overrides: Overrides = None,
    output: str | None = None,
    count: Count = None,
    seed: Seed = "date",
    overrides: Overrides = None,
) -> str:
    """Train a checkpoint, compare it with the one in use, publish it where it is better, and
    build a dataset with it; returns the dataset's folder, or that of the voice that stays.

    Args:
        training: The training config, a YAML file.
        voice: The folder of the checkpoint in use, or its address in an object store, where
            versions lie side by side. Where there is none yet, the new one takes it.
        build: The build config, a YAML file.
        figure: What decides: `per`, `mcd_dtw_db` (acoustic models), `mel_l1`, `mcd_db` (vocoders)
            or another column of `voxloom evaluate`.
        clips: On how many held-out clips of the training's corpus.
        training_overrides: Further keys of the training config, such as `loop.steps=20000`, with
            `{date}` and variables as in `output`. Each training needs a run folder of its own:
            `run=runs/mine-{date}`.
        output: The dataset's folder, in place of the config's `output.path`, with `{date}`.
        count: How many sentences, in place of the config's `sentences.count`.
        seed: Another seed makes other rows; `date` takes the day of the run.
        overrides: Further keys of the build config.
    """
    in_use = place(voice)
    is_there = _is_there(in_use)
    trained_with = [expanded(override) for override in training_overrides or []]
    contest = Contest(corpus_config(Path(training), overrides=trained_with), figure, clips)
    _check_contest(recipe_of(training), contest, in_use if is_there else None)
    settings_of(build, output, count, seed, overrides)
    candidate = train_voice(training, trained_with)
    if is_there and not _is_better(candidate, in_use, contest):
        return str(in_use)
    publish_voice(candidate, in_use)
    key = _KEY_OF_ROLE[KINDS[read_info(candidate).kind].role]
    used = [*(overrides or []), f"{key}={published(in_use)}"]
    return build_dataset(build, output, count, seed, used)


def _is_there(voice: Path) -> bool:
    """Raises now, not after the training, for an address where no voice may be written."""
    if isinstance(voice, RemotePath):
        if voice.scheme == "hf":
            raise ConfigError(f"{voice}: the hub is for datasets here; choose a folder or a bucket")
        return check_writable(voice) is not None
    return voice.exists()


def _check_contest(kind: str, contest: Contest, in_use: Path | None) -> None:
    """Raises now, not after the training, for a kind that no build uses, a figure that it is not
    judged by, a voice in use that is another kind's, and a corpus that holds out too little.
    """
    deciding_column(kind, contest.figure)
    if in_use is not None:
        check_role(str(local_copy(in_use)), KINDS[kind].role, "voice")
        held_out_recordings(contest.corpus, contest.count)


def _is_better(candidate: Path, in_use: Path, contest: Contest) -> bool:
    if checkpoint_digest(candidate) == checkpoint_digest(local_copy(in_use)):
        message = "nothing new was trained: %s is the one in use; name a new run folder"
        get_run_logger().warning(message, candidate)
        return False
    verdict = evaluate_voice(candidate, local_copy(in_use), contest)
    figures = f"{contest.figure} {verdict.candidate:.4g}, in use {verdict.in_use:.4g}"
    if verdict.is_better:
        get_run_logger().info("the new one is better: %s", figures)
    else:
        get_run_logger().info("%s stays: the new one has %s", in_use, figures)
    return verdict.is_better
