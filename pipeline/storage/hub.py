"""Datasets on the Hugging Face hub: a folder becomes a repository's content in one commit."""

import os
from pathlib import Path
from typing import Any

from models.errors import ConfigError, DataError
from models.object_store import RemotePath, hub_access, without_secrets

_RECORD = "build.json"  # what every dataset of ours holds
_OURS = ("data/", "pictures/")
_OF_A_NEW_ONE = {".gitattributes", "README.md"}


def check_hub(address: RemotePath) -> bool:
    """Whether `address` is a repository that holds a dataset of ours; one that is to be is not.

    Raises `ConfigError` for an address that is no dataset's, and `DataError` where no token is set,
    the hub refuses it, or files of somebody else's lie there.
    """
    there = _there(address)
    if there and _RECORD not in there:
        raise DataError(
            f"{address}: holds files that are not ours ({min(there)}); choose a new name"
        )
    return bool(there)


def push_folder(folder: Path, address: RemotePath, public: bool = False) -> str:
    """Put a dataset's files instead of those of the repository, in one commit; returns its
    address.

    What else lies there, a licence for instance, stays. A repository that is not there is made,
    private unless `public`. Readers find the old content or the new one, whole. What lies on the
    hub already is not sent again. Raises what `check_hub` raises, and `DataError` where the hub
    cannot be reached.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    check_hub(address)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in files}
    added = [CommitOperationAdd(name, path) for name, path in names.items()]

    def act(api: Any, repository: str) -> str:
        api.create_repo(repository, repo_type="dataset", private=not public, exist_ok=True)
        base = api.repo_info(repository, repo_type="dataset").sha
        there = api.list_repo_files(repository, repo_type="dataset", revision=base)
        gone = [name for name in there if name.startswith(_OURS) and name not in names]
        commit = api.create_commit(
            repository,
            [*added, *(CommitOperationDelete(name) for name in gone)],
            commit_message=f"{address.name}: {len(names)} files by Voxloom",
            repo_type="dataset",
            parent_commit=base,
        )
        return str(commit.commit_url)

    return str(_asked(address, act))


def _there(address: RemotePath) -> set[str]:
    """The files of a repository; none where it does not exist."""
    from huggingface_hub.errors import RepositoryNotFoundError

    def act(api: Any, repository: str) -> set[str]:
        try:
            return set(api.list_repo_files(repository, repo_type="dataset")) - _OF_A_NEW_ONE
        except RepositoryNotFoundError:
            return set()

    found: set[str] = _asked(address, act)
    return found


def _asked(address: RemotePath, act: Any) -> Any:
    """What `act(api, repository)` returns. Raises `DataError` for all that the hub answers else."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    if address.scheme != "hf" or len(address.parts) != 4 or address.parts[1] != "datasets":
        raise ConfigError(f"{address}: hf://datasets/ORG/NAME is needed, the address of a dataset")
    if not os.environ.get("HF_TOKEN"):
        raise DataError(
            f"{address}: HF_TOKEN is not set; a token with the right to write is needed"
        )
    try:
        return act(HfApi(**hub_access()), "/".join(address.parts[2:]))
    except (HfHubHTTPError, OSError, ValueError, RuntimeError) as error:
        raise _failed(address, "does not take it", error) from None
    except Exception as error:  # of the HTTP library, which differs between the hub's releases
        raise _failed(address, "cannot be reached", error) from None


def _failed(address: RemotePath, what: str, error: Exception) -> DataError:
    reason = without_secrets(f"{type(error).__name__}: {error}")
    return DataError(f"{address}: the hub {what} ({reason})")
