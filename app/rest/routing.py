"""Routers that are passed by at once: those of all resources are many routes to try one by one."""

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import Scope


class Below(APIRouter):
    """A router of what is below its prefix, whose routes are tried for nothing else."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether one of its routes is meant."""
        if not scope["path"].removeprefix(scope.get("root_path", "")).startswith(self.prefix):
            return Match.NONE, {}
        return super().matches(scope)
