"""The whole service on one screen: what answers a request, from the outside in."""

import asyncio
import multiprocessing
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType
from typing import Final

from fastapi import Depends, FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp

from app import __version__, about, imports
from app.auth import Gate
from app.errors.handling import handle_errors
from app.insights import INSIGHTS
from app.log import Requests, configure
from app.openapi import document
from app.resources import RESOURCES
from app.rest.cache import Cached
from app.rest.following import Feed
from app.rest.kept import Store
from app.rest.listening import Listener
from app.rest.query import check_query
from app.rest.reading import Reader
from app.rest.writing import Writer
from app.settings import Settings, load_settings

STOPPING: Final = (signal.SIGTERM, signal.SIGINT)
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SENT: Final = (
    "Authorization",
    "Broen-Note",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Min-Revision",
    "X-Request-ID",
)
EXPOSED: Final = (
    "Broen-As-Of",
    "Broen-Revision",
    "Content-Disposition",
    "ETag",
    "Link",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-ID",
)
"""What a page from anywhere may ask with, and see. There are no cookies, so that none can be made to write."""
OPEN: Final = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": ", ".join(EXPOSED)}
"""The headers of every finished answer, whoever asks."""


def create_app(settings: Settings | None = None) -> ASGIApp:
    """Build the service as uvicorn runs it: request ids, the log, conditional answers, and the API inside."""
    settings = settings or load_settings()
    configure(settings.log_format, settings.log_level)
    return front(create_api(settings))


def front(api: FastAPI) -> ASGIApp:
    """Put before the API what every request passes, the API's failures included."""
    cached = Cached(api, api.state.store, "/v1", api.state.day, OPEN)
    return Requests(cached, cached.ready)


def create_api(settings: Settings) -> FastAPI:
    """Build the API."""

    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncIterator[None]:
        if not settings.database_url:
            raise RuntimeError("Set BROEN_DATABASE_URL, or run `broen serve`, which starts the embedded server.")
        end_with_parent()
        url, store = settings.database_url, api.state.store
        api.state.feed = Feed(store, settings.followers)
        async with (
            Listener(url, store),
            Reader(url, settings) as api.state.reader,
            Writer(url, settings, store.wrote) as api.state.writer,
            Gate(url, settings) as api.state.gate,
        ):
            with on_the_way_out(api.state.feed.end):
                yield

    api = FastAPI(
        title="Broen",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redirect_slashes=False,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        dependencies=[Depends(check_query)],
    )
    api.state.store = Store(settings.cache_bytes, {resource.name: resource.tables for resource in RESOURCES})
    api.state.day = settings.day
    handle_errors(api)
    api.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=METHODS,
        allow_headers=SENT,
        expose_headers=EXPOSED,
    )
    api.include_router(about.router)
    api.include_router(imports.router)
    for resource in RESOURCES:
        api.include_router(resource.router)
    for insight in INSIGHTS:
        api.include_router(insight)
    api.openapi = lambda: document(api)  # type: ignore[method-assign]
    serve_docs(api)
    return api


def end_with_parent() -> None:
    """Have a worker stop as on SIGTERM when the process that started it is gone, however it went."""
    if parent := multiprocessing.parent_process():
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.remove_reader(parent.sentinel)
            signal.raise_signal(signal.SIGTERM)

        loop.add_reader(parent.sentinel, stop)


@contextmanager
def on_the_way_out(end: Callable[[], None]) -> Iterator[None]:
    """Have something end as soon as the service is told to stop: it finishes the requests under way before all else."""
    loop, before = asyncio.get_running_loop(), {number: signal.getsignal(number) for number in STOPPING}

    def stop(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(end)
        if callable(handler := before[signal.Signals(number)]):
            handler(number, frame)

    if in_main_thread := threading.current_thread() is threading.main_thread():
        for number in before:
            signal.signal(number, stop)
    try:
        yield
    finally:
        end()
        for number, handler in before.items() if in_main_thread else ():
            signal.signal(number, handler)


def serve_docs(api: FastAPI) -> None:
    """Serve the interactive reference, with every file that it needs."""
    api.mount("/assets", StaticFiles(packages=[("fastapi_offline", "static")]))

    @api.get("/", include_in_schema=False)
    async def home(request: Request) -> Response:
        return RedirectResponse(f"{request.scope.get('root_path', '')}/docs")

    @api.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        root = request.scope.get("root_path", "")
        return get_swagger_ui_html(
            title=f"{api.title}: reference",
            openapi_url=f"{root}{api.openapi_url}",
            swagger_js_url=f"{root}/assets/swagger-ui-bundle.js",
            swagger_css_url=f"{root}/assets/swagger-ui.css",
            swagger_favicon_url=f"{root}/assets/favicon.png",
        )
