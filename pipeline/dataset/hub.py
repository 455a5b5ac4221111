"""A dataset on the Hugging Face hub: whole, and as `build.json` says."""

from pathlib import Path

from models.errors import ConfigError, DataError
from models.object_store import RemotePath
from pipeline.dataset.files import BUILD_FILE, file_digest
from pipeline.dataset.record import read_record
from pipeline.storage.hub import check_hub, push_folder


def push_dataset(dataset: Path, place: Path, public: bool = False) -> str:
    """Make the dataset the content of the repository `hf://datasets/ORG/NAME`, in one commit;
    returns the commit's address.

    Raises `DataError` naming the first file that is not what `build.json` says, before anything is
    sent, or where the hub refuses, and `ConfigError` for another address.
    """
    if not isinstance(place, RemotePath):
        raise ConfigError(f"{place}: hf://datasets/ORG/NAME is needed, the address of a dataset")
    record = read_record(dataset)
    check_hub(place)
    for name, entry in {**record.files, **record.pages}.items():
        path = dataset / name
        if not path.is_file() or file_digest(path) != entry.sha256:
            raise DataError(f"{path}: is not what {BUILD_FILE} lists; see voxloom verify")
    return push_folder(dataset, place, public)
