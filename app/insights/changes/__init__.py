"""What was written, in its order: the revisions, the feed of changes, and everything as it is at one revision."""

from typing import Final

from fastapi import APIRouter

from app.insights.changes import feed, revisions, snapshot

ROUTERS: Final[tuple[APIRouter, ...]] = (revisions.router, feed.router, snapshot.router)
