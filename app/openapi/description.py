"""What the OpenAPI document says in words of the service, and of the groups of its operations."""

from typing import Final

ABOUT: Final = {"name": "about", "description": "What the service says of itself."}
INSIGHTS: Final = {"name": "insights", "description": "What the records tell when they are put together."}
CHANGES: Final = {"name": "changes", "description": "What was written, in its order: to be shown, and to be followed."}
IMPORTS: Final = {"name": "imports", "description": "Many records at once, out of a file."}
DESCRIPTION: Final = """
An open register of cross-sector health cooperation in Denmark and the Øresund.

**True over time.** Areas, memberships and agreements are answered as of a day (`as_of`, past or future; today in
Europe/Copenhagen when left out), and the answer says which in `Broen-As-Of`. What has ended keeps its id and answers
with its period and what follows it. Periods are half open: `end` is the first day after.

**True to what was known.** `known_at`, an instant or the number of a revision, answers what the register said then. The
header `Broen-Revision` tells what an answer shows, and `Link` with `rel="cite-as"` where that very answer stays.

**One feel for every list.** Filters narrow down; a filter that takes several values is repeated for "any of". Pages
follow each other by `cursor`, which is the `next` of the page before, and the header `Link` has the whole path.
A parameter that is unknown, malformed or given twice is refused, and so is an id that nobody has.

**Whole lists.** `format` or the header `Accept` gives all that a list holds as CSV, XLSX, NDJSON or, of what is on
the map, GeoJSON: as it is at one moment, in the order of the list, and never half; a connection that breaks has no
proper end. In a table, objects and references are spread over columns (`budget_amount`, `lead_name`), and a list has
in each of its columns (`partners_role`) one line a member, in which a backslash is `\\\\` and a line break `\\n`;
what is no single value even there is JSON. An empty cell or line is null, an empty cell also an empty list, and `{}`
in its first column an object of which all is null. In a CSV, a text that is empty, is `{}`, or begins with one of
`= + - @ '`, a tab or a line break has an apostrophe in front: without these, every record can be had back as it was.
An XLSX has typed cells instead, in which no text is ever a formula.

**What is not known is null**, never a guess. Vague dates stay vague (EDTF), ranges stay ranges, amounts stay in the
currency in which they were stated.
"""
