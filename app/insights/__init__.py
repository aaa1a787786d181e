"""Insights: questions across the resources, each answered by one statement. An insight is a file or a folder."""

from typing import Final

from fastapi import APIRouter

from app.insights import coverage, financing, funding_summary

INSIGHTS: Final[tuple[APIRouter, ...]] = (coverage.router, funding_summary.router, financing.router)
