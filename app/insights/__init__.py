"""Insights: questions across the resources, each answered by one statement. An insight is a file or a folder."""

from typing import Final

from fastapi import APIRouter

from app.insights import changes, coverage, deadlines, financing, findings, funding_summary, inheritance, search
from app.insights.findings import shapes

LISTINGS: Final = (coverage.coverage, deadlines.deadlines, shapes.findings)
"""Those that are lists, which come in other formats than JSON too."""
INSIGHTS: Final[tuple[APIRouter, ...]] = (
    coverage.router,
    deadlines.router,
    findings.router,
    funding_summary.router,
    financing.router,
    inheritance.router,
    search.router,
    *changes.ROUTERS,
)
