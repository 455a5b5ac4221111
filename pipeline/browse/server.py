"""The browse page over HTTP: what a browser may ask, and what it gets.

Rows are named by their index, a number, so that nothing a browser sends is ever a path. Only
requests that name this very server are answered: a page elsewhere whose name was made to point
here (DNS rebinding) is refused, and so is a change that another site's page sends.
"""

import ipaddress
import json
import re
import threading
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, BeforeValidator, Field, field_validator

from models.errors import DataError
from pipeline.audio.files import decode_audio
from pipeline.browse.index import PAGE_ROWS, Question, RowIndex
from pipeline.dataset.columns import SOUND_COLUMNS
from pipeline.dataset.files import data_files
from pipeline.dataset.light_rows import RowsByIndex
from pipeline.dataset.marks import MOST_NOTE, read_marks, write_marks
from pipeline.dataset.record import read_record
from pipeline.pages.clip_picture import clip_picture
from pipeline.pages.playable_audio import media_type
from pipeline.pages.row_facts import facts_of
from pipeline.pages.templates import page_templates

_HALF_A_PAIR = re.compile(r"[\ud800-\udfff]")
LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ANY_ADDRESS = {"0.0.0.0", "::", ""}
_FOLDER = Path(__file__).resolve().parent
_FILES = {
    "browse.css": ("text/css", ("page_style.css.j2", "clips_style.css.j2", "browse.css.j2")),
    "icon.svg": ("image/svg+xml", ("icon.svg.j2",)),
    "browse.js": ("text/javascript", ("clips.js.j2", "browse.js.j2")),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "img-src 'self'; media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_SHOWN = {"text", "normalized_text", "phonemes", "words", "duration_s"}


# Of a row; one that no 64-bit number holds is as little there as any other too large.
Index = Annotated[int, BeforeValidator(lambda text: min(int(text), 2**63 - 1))]


class Note(BaseModel, extra="forbid"):
    """What is wrong with a clip."""

    note: str = Field("", max_length=MOST_NOTE)

    @field_validator("note", mode="before")
    @classmethod
    def is_text(cls, note: Any) -> Any:
        """Half of a surrogate pair is no text, and no answer could quote it."""
        if isinstance(note, str) and _HALF_A_PAIR.search(note):
            raise HTTPException(422, "note: holds half of a surrogate pair")
        return note


class Marks:
    """The marks of a dataset on disk; two pages, or two servers, see each other's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self.read()  # a damaged file is told now, and not at the first click

    def read(self) -> dict[str, str]:
        return read_marks(self.path) if self.path.exists() else {}

    def put(self, row_id: str, note: str | None) -> None:
        """Mark a row, or take its mark away (None)."""
        with self._lock:
            marks = self.read()
            marks.pop(row_id, None)
            if note is not None:
                marks[row_id] = " ".join(note.split())
            write_marks(self.path, marks)


def browse_app(
    dataset: Path, marks_path: Path, host: str = "127.0.0.1", names: Collection[str] = ()
) -> FastAPI:
    """The page and what it asks for, for the dataset in the folder `dataset`.

    `host` is the address that the server listens on, `names` what else it is called. Raises
    `DataError` when the dataset or the file of marks is damaged.
    """
    record, row_index, marks = read_record(dataset), RowIndex(dataset), Marks(marks_path)
    rows_at = RowsByIndex(data_files(dataset))
    light = [name for name in rows_at.columns if name not in SOUND_COLUMNS]
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    _add_guard(app, host, names)
    _add_page(app, {"name": record.name, "options": row_index.options(), "marks": marks_path.name})

    @app.get("/clips")
    def clips(question: Annotated[Question, Depends()]) -> dict[str, Any]:
        noted = marks.read()
        answer = row_index.ask(question, noted)
        rows = [row | {"note": noted.get(row["id"])} for row in answer.rows]
        return {"total": answer.total, "page_rows": PAGE_ROWS, "marked": len(noted), "rows": rows}

    @app.get("/clips/{index}")
    def clip(index: Index) -> dict[str, Any]:
        row = _row(rows_at, index, light)
        groups = [{"title": group.title, "facts": group.facts} for group in facts_of(row)]
        return {name: row[name] for name in _SHOWN} | {"groups": groups}

    @app.get("/clips/{index}/picture")
    def picture(index: Index) -> Response:
        drawn = clip_picture(*decode_audio(_audio(rows_at, index)))
        return Response(drawn.webp, media_type="image/webp")

    @app.get("/clips/{index}/audio")
    def audio(index: Index, request: Request) -> Response:
        data = _audio(rows_at, index)
        return part_of(data, request.headers.get("range"), media_type(data))

    _add_marks(app, marks, row_index)
    return app


def _add_marks(app: FastAPI, marks: Marks, row_index: RowIndex) -> None:
    @app.put("/clips/{index}/mark")
    def mark(index: Index, note: Note) -> dict[str, Any]:
        marks.put(_id(row_index, index), note.note)
        return {"marked": len(marks.read())}

    @app.delete("/clips/{index}/mark")
    def unmark(index: Index) -> dict[str, Any]:
        marks.put(_id(row_index, index), None)
        return {"marked": len(marks.read())}


def is_known_host(header: str, host: str, address: str, names: Collection[str] = ()) -> bool:
    """Whether a request's Host header names this server, which listens on `host`.

    Known are loopback's own, `host` itself, the `names` that someone gave, and `address`, at which
    the request arrived. Any other name or address could be anyone's, pointed here.
    """
    name = header.rsplit(":", 1)[0] if not header.endswith("]") else header
    name = name.strip("[]").lower()
    known = {*LOOPBACK, host.lower(), *(other.lower() for other in names)} - _ANY_ADDRESS
    return name in known or (bool(name) and _same_address(name, address))


def _same_address(name: str, address: str) -> bool:
    try:
        one, other = ipaddress.ip_address(name), ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return one == other or getattr(other, "ipv4_mapped", None) == one


def part_of(data: bytes, wanted: str | None, kind: str) -> Response:
    """`data` or the one range of bytes that is `wanted` (RFC 9110, 14.2), as a response."""
    headers = {"Accept-Ranges": "bytes"}
    if wanted is None or not wanted.startswith("bytes=") or "," in wanted:
        return Response(data, media_type=kind, headers=headers)
    first_text, _, last_text = wanted.removeprefix("bytes=").partition("-")
    try:
        last = min(int(last_text), len(data) - 1) if last_text and first_text else len(data) - 1
        first = int(first_text) if first_text else max(0, len(data) - int(last_text))
    except ValueError:
        return Response(data, media_type=kind, headers=headers)
    if not 0 <= first <= last:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
    return Response(data[first : last + 1], status_code=206, media_type=kind, headers=headers)


def _add_guard(app: FastAPI, host: str, names: Collection[str]) -> None:
    """Refuse unknown hosts, send the security headers, and answer errors with a message."""

    @app.middleware("http")
    async def guard(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        named = request.headers.get("host", "")
        origin = request.headers.get("origin")
        address = (request.scope.get("server") or ("", 0))[0]
        if not is_known_host(named, host, address, names):
            detail = "unknown host: open the page by the address it was told at, or --allow-host"
            response: Response = JSONResponse({"detail": detail}, 421)
        elif request.method not in ("GET", "HEAD") and origin not in (None, f"http://{named}"):
            response = JSONResponse({"detail": "sent by another site"}, 403)
        else:
            response = await answer(request)
        response.headers.update(_HEADERS)
        return response

    @app.exception_handler(RequestValidationError)
    async def refused(_: Request, error: RequestValidationError) -> Response:
        """Without what was sent: it may be text that no answer can hold."""
        told = [{"loc": each["loc"], "msg": each["msg"]} for each in error.errors()]
        return Response(json.dumps({"detail": told}), 422, media_type="application/json")

    @app.exception_handler(DataError)
    async def told(_: Request, error: DataError) -> Response:
        return JSONResponse({"detail": str(error)}, 500)


def _add_page(app: FastAPI, values: dict[str, Any]) -> None:
    environment = page_templates(_FOLDER)
    page = environment.get_template("browse.html.j2").render(values)
    files = {
        name: (kind, "\n".join(environment.get_template(part).render() for part in parts))
        for name, (kind, parts) in _FILES.items()
    }

    @app.get("/")
    def whole_page() -> HTMLResponse:
        return HTMLResponse(page)

    @app.get("/files/{name}")
    def file(name: str) -> Response:
        if name not in files:
            raise HTTPException(404)
        kind, text = files[name]
        return Response(text, media_type=kind)


def _row(rows: RowsByIndex, index: int, columns: list[str]) -> dict[str, Any]:
    try:
        return rows.read(index, columns)
    except IndexError:
        raise HTTPException(404, f"there is no row {index}") from None


def _audio(rows: RowsByIndex, index: int) -> bytes:
    return bytes(_row(rows, index, ["audio"])["audio"]["bytes"])


def _id(row_index: RowIndex, index: int) -> str:
    row_id = row_index.id_of(index)
    if row_id is None:
        raise HTTPException(404, f"there is no row {index}")
    return row_id
