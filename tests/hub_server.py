"""A server on this machine that speaks the protocol of the Hugging Face hub, as far as datasets are
sent and read: preupload, LFS batch, commit, tree, resolve.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from flask import Flask, Response, request
from werkzeug.serving import make_server

TOKEN = "hf_never_to_be_shown"
_API = "/api/datasets/<org>/<name>"


@dataclass
class Repository:
    private: bool
    files: dict[str, bytes] = field(default_factory=dict)
    commits: list[dict[str, Any]] = field(default_factory=list)

    @property
    def sha(self) -> str:
        return hashlib.sha1(str(len(self.commits)).encode()).hexdigest()


class Hub:
    """The hub: its `repositories`, and the objects that were sent to its `store`."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.store: dict[str, bytes] = {}
        self.sent: list[str] = []
        self.refuses_commits = False
        app = Flask("hub")
        for method, rule, view in (
            ("POST", "/api/repos/create", self._create),
            ("POST", "/api/validate-yaml", lambda: {"errors": [], "warnings": []}),
            ("GET", _API, self._info),
            ("GET", f"{_API}/revision/<revision>", self._info),
            ("GET", f"{_API}/tree/<revision>", self._tree),
            ("GET", f"{_API}/tree/<revision>/<path:path>", self._tree),
            ("POST", f"{_API}/paths-info/<revision>", self._paths),
            ("POST", f"{_API}/preupload/<revision>", self._preupload),
            ("POST", f"{_API}/commit/<revision>", self._commit),
            ("POST", "/datasets/<org>/<name>.git/info/lfs/objects/batch", self._batch),
            ("PUT", "/lfs/<oid>", self._put),
            ("POST", "/lfs/<oid>/verify", self._verify),
            ("GET", "/datasets/<org>/<name>/resolve/<revision>/<path:path>", self._resolve),
        ):
            app.add_url_rule(rule, f"{method} {rule}", view, methods=[method])
        app.before_request(self._admit)
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self._server.RequestHandlerClass.log = lambda *_: None  # type: ignore[attr-defined]
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator["Hub"]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        yield self
        self._server.shutdown()
        thread.join()

    def _admit(self) -> Any:
        is_signed = request.path.startswith("/lfs/") and request.method == "PUT"
        if not is_signed and request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return {"error": "Invalid credentials"}, 401
        org_name = (request.view_args or {}).get("org"), (request.view_args or {}).get("name")
        if all(org_name) and "/".join(map(str, org_name)) not in self.repositories:
            return {"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"}
        return None

    def _create(self) -> Any:
        asked = request.get_json()
        name = f"{asked['organization']}/{asked['name']}"
        if name in self.repositories:
            url = f"{self.address}/datasets/{name}"
            return {"error": "You already created this dataset repo", "url": url}, 409
        self.repositories[name] = Repository(
            asked["visibility"] == "private", {".gitattributes": b""}
        )
        return {"url": f"{self.address}/datasets/{name}", "name": name}

    def _info(self, org: str, name: str, revision: str = "main") -> Any:
        repository = self.repositories[f"{org}/{name}"]
        return {"id": f"{org}/{name}", "sha": repository.sha, "private": repository.private}

    def _tree(self, org: str, name: str, revision: str, path: str = "") -> Any:
        files = self.repositories[f"{org}/{name}"].files
        within = f"{path}/" if path else ""
        below = {file: files[file] for file in sorted(files) if file.startswith(within)}
        folders = {parent.as_posix() for file in below for parent in PurePosixPath(file).parents}
        entries = [_entry(*item) for item in below.items()]
        entries += [_folder(folder) for folder in folders if f"{folder}/".startswith(within)]
        if request.args.get("recursive", "").lower() != "true":
            entries = [entry for entry in entries if "/" not in entry["path"][len(within) :]]
        entries = [entry for entry in entries if entry["path"] not in (path, ".")]
        return Response(json.dumps(entries), mimetype="text/json")

    def _paths(self, org: str, name: str, revision: str) -> Any:
        files = self.repositories[f"{org}/{name}"].files
        asked = (request.get_json(silent=True) or request.form.to_dict(flat=False))["paths"]
        found = [_entry(path, files[path]) for path in asked if path in files]
        found += [
            _folder(path) for path in asked if any(file.startswith(f"{path}/") for file in files)
        ]
        return Response(json.dumps(found), mimetype="text/json")

    def _preupload(self, org: str, name: str, revision: str) -> Any:
        return {
            "files": [
                {"path": file["path"], "uploadMode": _mode(file["path"]), "shouldIgnore": False}
                for file in request.get_json()["files"]
            ]
        }

    def _batch(self, org: str, name: str) -> Any:
        objects = [self._asked(wanted) for wanted in request.get_json()["objects"]]
        return {"transfer": "basic", "objects": objects}

    def _asked(self, wanted: dict[str, Any]) -> dict[str, Any]:
        if wanted["oid"] in self.store:
            return wanted
        href = f"{self.address}/lfs/{wanted['oid']}"
        actions = {"upload": {"href": href}, "verify": {"href": f"{href}/verify"}}
        return wanted | {"actions": actions}

    def _put(self, oid: str) -> Any:
        data = request.get_data()
        assert hashlib.sha256(data).hexdigest() == oid
        self.store[oid] = data
        self.sent.append(oid)
        return ""

    def _verify(self, oid: str) -> Any:
        return ("", 200) if len(self.store[oid]) == request.get_json()["size"] else ("", 400)

    def _commit(self, org: str, name: str, revision: str) -> Any:
        repository = self.repositories[f"{org}/{name}"]
        lines = [json.loads(line) for line in request.get_data().splitlines()]
        (header,) = (line["value"] for line in lines if line["key"] == "header")
        if self.refuses_commits or header.get("parentCommit") not in (None, repository.sha):
            return {"error": "A commit has happened since. Please refresh and try again."}, 412
        files = dict(repository.files)
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.store[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        repository.files = files
        repository.commits.append(header)
        return {"commitUrl": f"{self.address}/datasets/{org}/{name}/commit/{repository.sha}",
                "commitOid": repository.sha}  # fmt: skip

    def _resolve(self, org: str, name: str, revision: str, path: str) -> Any:
        files = self.repositories[f"{org}/{name}"].files
        if path not in files:
            return {"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound"}
        return Response(files[path], headers={"X-Repo-Commit": "0" * 40, "ETag": _oid(files[path])})


def _mode(path: str) -> str:
    return "lfs" if path.endswith((".parquet", ".png")) else "regular"


def _oid(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


def _entry(path: str, data: bytes) -> dict[str, Any]:
    return {"type": "file", "path": path, "size": len(data), "oid": _oid(data)}


def _folder(path: str) -> dict[str, Any]:
    return {"type": "directory", "path": path, "size": 0, "oid": _oid(path.encode())}
