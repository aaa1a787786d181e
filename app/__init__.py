"""Broen: an open register of cross-sector health cooperation in Denmark and the Øresund."""

__version__ = "0.1.0"
