"""``/``: a hello for programs, the live page for browsers; the page's files; and the API reference."""

from typing import Annotated, Any

from litestar import get
from litestar.params import PathParameter

from api.assets import PAGE_POLICY, REFERENCE_POLICY, Asset, send
from api.encoding import Answer, encode
from api.openapi import document
from api.requests import AnyRequest
from api.shapes.base import Shape
from openoutcry.version import VERSION

NAME = "Open Outcry API"


class Hello(Shape, frozen=True, kw_only=True):
    """What this is."""

    name: str
    version: str
    status: str
    message: str


@get("/", public=True, tags=["system"])
async def root(request: AnyRequest) -> Answer[Hello]:
    """Name and version for programs; a browser (`Accept: text/html`) gets the live page."""
    if _prefers_html(request.headers.get("accept", "")):
        page: Any = send(request, _assets(request), "index.html", PAGE_POLICY)
        page.headers["Vary"] = "Accept, Accept-Encoding"
        return page  # type: ignore[no-any-return]
    hello = Hello(name=NAME, version=VERSION, status="running", message="Welcome to Open Outcry")
    return Answer(hello, headers={"Vary": "Accept"})


@get("/web/{path:path}", public=True, include_in_schema=False)
async def files(request: AnyRequest, path: Annotated[str, PathParameter()]) -> Answer[bytes]:
    """The live page's own files."""
    return send(request, _assets(request), path.strip("/"))


@get("/favicon.ico", public=True, include_in_schema=False)
async def favicon(request: AnyRequest) -> Answer[bytes]:
    """For browsers that ask by this name."""
    return send(request, _assets(request), "favicon.svg")


@get("/schema", public=True, include_in_schema=False)
async def reference(request: AnyRequest) -> Answer[bytes]:
    """The API reference, to browse and to try."""
    return send(request, _assets(request), "schema.html", REFERENCE_POLICY)


@get(["/schema/swagger", "/docs"], public=True, include_in_schema=False)
async def swagger(request: AnyRequest) -> Answer[bytes]:
    """The same in Swagger UI."""
    return send(request, _assets(request), "swagger.html", REFERENCE_POLICY)


@get("/schema/openapi.json", public=True, include_in_schema=False)
async def openapi_json(request: AnyRequest) -> Answer[bytes]:
    """The OpenAPI document, made when first asked for."""
    state = request.app.state
    if "openapi" not in state:
        state["openapi"] = encode(document(state["routes"]))
    made: bytes = state["openapi"]
    return Answer(made, media_type="application/json", headers={"Cache-Control": "no-cache"})


def _assets(request: AnyRequest) -> dict[str, Asset]:
    assets: dict[str, Asset] = request.app.state["assets"]
    return assets


def _prefers_html(accept: str) -> bool:
    """True for browsers: text/html is named, and not after JSON."""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return "text/html" in kinds and "application/json" not in kinds[: kinds.index("text/html")]


HANDLERS = [root, files, favicon, reference, swagger, openapi_json]
