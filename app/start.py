"""Where `broen` starts: what is imported lives as long as the process, and is hardly looked through for garbage.

Looking takes a quarter of the start and, whenever a full collection goes through it all, a tenth of a second from the
requests that wait meanwhile.
"""

import gc
import sys

THRESHOLDS = gc.get_threshold()
gc.set_threshold(100_000)

try:
    from app.cli import main
except KeyboardInterrupt:  # nothing has begun
    sys.exit(130)

gc.freeze()
gc.set_threshold(*THRESHOLDS)

__all__ = ["main"]
