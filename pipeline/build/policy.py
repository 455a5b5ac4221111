"""The section `policy` of a build's config: allowed licences."""

from collections.abc import Iterable
from dataclasses import dataclass

from models.errors import ConfigError
from pipeline.licences.summary import LicensedSource
from pipeline.licences.terms import allows_commercial

_MOST_NAMED = 10


@dataclass(frozen=True)
class PolicyConfig:
    """With `commercial_only` a build refuses, before any work, every source whose licence does
    not allow a product to be sold, or that says nothing of it."""

    commercial_only: bool = False


def check_policy(policy: PolicyConfig, own: str, sources: Iterable[LicensedSource]) -> None:
    """Raise `ConfigError` naming the key, the file and the licence of each source that `policy`
    does not let in; `own` is `output.license`.
    """
    if not policy.commercial_only:
        return
    refused = [] if allows_commercial(own) == "yes" else [f"output.license: {_why(own)}"]
    refused += [
        f"{source.key}: {source.file}: {_why(source.licence)}"
        for source in sources
        if allows_commercial(source.licence) != "yes"
    ]
    if refused:
        more = f"\n  and {len(refused) - _MOST_NAMED} more" if len(refused) > _MOST_NAMED else ""
        raise ConfigError(
            f"policy.commercial_only: {len(refused)} of the build's sources may not be sold; "
            "replace them, say what their licence is, or set it to false\n  "
            + "\n  ".join(dict.fromkeys(refused[:_MOST_NAMED]))
            + more
        )


def _why(licence: str) -> str:
    if allows_commercial(licence) == "no":
        return f"its licence, {licence}, does not allow commercial use"
    return f"its licence, {licence}, is not known to allow commercial use"
