"""A person's details, and where they stand in what the register says.

A detail is a text that belongs to a person: a name, an address, a number. It is found however it is spelt on the page:
in capitals or not, with composed letters or not, with other spaces between its words, a telephone number with other
spaces between its digits. It is not found in a longer word, which is another's.
"""

import json
import re
import unicodedata
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Final

from app.errors import BadParameters, bad_parameter

MARKER: Final = "[slettet]"
"""What stands where a detail was erased: the same everywhere, so that whatever held one keeps its form."""
EMAIL: Final = re.compile(rf"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+|{re.escape(MARKER)}")
"""An e-mail address, or that it was erased."""
PHONE: Final = re.compile(rf"\+?([ ().\-/]*[0-9]){{3,15}}[ ().\-/]*|{re.escape(MARKER)}")
"""A telephone number (E.123) in any usual spelling, or that it was erased."""
NO_URL: Final = r'\s\x00-\x1f"<>\\^`{|}'
URL: Final = re.compile(rf"https?://[^{NO_URL}/?#@:.][^{NO_URL}/?#@]*([/?#][^{NO_URL}]*)?|{re.escape(MARKER)}")
"""An address on the web, which can be linked to safely, for it runs no script; or that it was erased."""
SHORTEST: Final = 5
"""How long a detail is at the least: a shorter one means others, too."""
FEWEST_DIGITS: Final = 6
LOCAL: Final = 8
"""How many digits a Danish telephone number has."""
UNSEEN: Final = "\u00ad\u200b-\u200d\u2060\ufeff"
"""Characters of no width, such as those that say where a word may be broken."""
GAP: Final = rf"[\s{UNSEEN}]"
HYPHEN: Final = r"[\-\u2010\u2011]"
ALIKE: Final = {"-": HYPHEN, "\u2010": HYPHEN, "\u2011": HYPHEN, "'": "['’]", "’": "['’]"}
LETTER: Final = r"[^\W_]"
BEFORE: Final = rf"(?<!{LETTER})(?<!{LETTER}{HYPHEN})"
AFTER: Final = rf"(?=s?(?!{HYPHEN}?{LETTER}))(?![\u0300-\u036f])"
"""Where a name ends; its genitive is its own."""
BETWEEN_DIGITS: Final = rf"(?:{GAP}|[.()/\-\u2010-\u2015])*"
NUMBER: Final = re.compile(r"[+\d][\d\s.()/\-]*")
NO_DATE: Final = r"(?!\d{4}-\d\d-\d\d(?!\d))"
NO_AMOUNT: Final = r"(?!\d{1,3}(?:\.\d{3})+(?!\d))"
STRING: Final = r'"(?:[^"\\]|\\.)*"'
ID: Final = re.compile(r"[a-z0-9/\-]+")
"""An id as records have them, or a path that ends with one."""


class Details:
    """The details of a person, to be found and erased; BadParameters says which of them mean more than one person."""

    def __init__(self, details: Sequence[str]) -> None:
        self.texts = [" ".join(detail.split()) for detail in details]
        if faults := [bad_parameter("DETAIL", says) for text in self.texts if (says := _wrong(text))]:
            raise BadParameters(faults=faults)
        longest_first = sorted(self.texts, key=len, reverse=True)
        self._all = re.compile("|".join(map(_pattern, longest_first)), re.IGNORECASE)
        self.likely = "|".join(map(_likely, self.texts))
        """A regular expression for the database, where case makes no difference: it leaves out no text that has one."""

    def erased(self, text: str) -> str:
        """A text without them."""
        return self._all.sub(MARKER, text)

    def erased_but_ids(self, text: str) -> str:
        """The same of what holds ids, which are permanent: what is spelt as one stays."""
        return text if ID.fullmatch(text) else self.erased(text)

    def erased_json(self, text: str, ids: Collection[str] = ()) -> str:
        """A JSON text of whose strings none has them; all else is as it was, to the last digit.

        Nor are ids another in the members of objects that are called as `ids` says.
        """
        if "\\" not in text and not self._all.search(text):
            return text  # most are; no string begins or ends within a word
        return _strings(frozenset(ids)).sub(
            lambda found: found[0] if found["kept"] else self._erased_string(found[0]), text
        )

    def erased_bytes(self, raw: bytes, ids: Collection[str] = ()) -> bytes:
        """The same of bytes, if they are a text, of JSON or other."""
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return raw
        return (self.erased_json(text, ids) if text[:1] in ("{", "[", '"') else self.erased(text)).encode()

    def _erased_string(self, string: str) -> str:
        said = json.loads(string, strict=False)
        erased = self.erased(said)
        return string if erased == said else json.dumps(erased, ensure_ascii=False)


@lru_cache(maxsize=2)
def _strings(ids: Collection[str]) -> re.Pattern[str]:
    """The strings of a JSON text; as one those `kept` that are ids, with what they are called."""
    id = f'"{ID.pattern}"'
    called = "|".join(map(re.escape, sorted(ids))) or "(?!)"
    kept = rf'"(?:{called})"\s*:\s*(?:{id}|\[[^"\]]*(?:{id}[^"\]]*)*\])'
    return re.compile(f"(?P<kept>{kept})|{STRING}", re.DOTALL)


def _wrong(text: str) -> str | None:
    """Why a text is no detail to look for."""
    if len(text) < SHORTEST:
        return f"»{text}« is short: {SHORTEST} characters are the least, or others would be found"
    if not re.search(LETTER, text):
        return f"»{text}« has neither letters nor digits"
    if re.search(_pattern(text), MARKER, re.IGNORECASE):
        return f"»{text}« is what stands where something was erased"
    return None


def _pattern(text: str) -> str:
    """A regular expression of all that a detail may be spelt as."""
    if digits := _digits(text):
        return _number(digits, abroad=text.startswith(("+", "00")))
    composed = unicodedata.normalize("NFC", text)
    letters = [f"{GAP}+" if letter == " " else _letter(letter) for letter in composed]
    whole = f"[{UNSEEN}]*".join(letters)
    if "@" in text:
        return rf"(?<![\w.+\-]){whole}(?![\w\-]|\.\w)"
    return f"{BEFORE}{whole}{AFTER}"


def _likely(text: str) -> str:
    """The longest run of plain letters in a detail, or its digits: quickly found, in a text as in JSON."""
    if digits := _digits(text):
        return r"([^a-z0-9]|\\[a-z])*".join(digits[-LOCAL:])
    runs: list[str] = re.findall(r"[a-z0-9]+", unicodedata.normalize("NFC", text).lower())
    longest = max(runs or [""], key=len)
    return f"[{UNSEEN}]*".join(longest)


def _digits(text: str) -> str:
    """The digits of a detail that is a number; empty for all others."""
    digits = re.sub(r"\D", "", text)
    return digits if NUMBER.fullmatch(text) and len(digits) >= FEWEST_DIGITS else ""


def _letter(letter: str) -> str:
    """A letter in either of its forms."""
    if letter in ALIKE:
        return ALIKE[letter]
    forms = dict.fromkeys((letter, unicodedata.normalize("NFD", letter)))
    return f"(?:{'|'.join(map(re.escape, forms))})" if len(forms) > 1 else re.escape(letter)


def _number(digits: str, *, abroad: bool) -> str:
    """A number, with or without its country where that is Denmark; not what is part of another, a day or an amount."""
    digits = digits.removeprefix("00") if abroad else digits
    danish = digits[2:] if abroad and digits.startswith("45") and len(digits) == LOCAL + 2 else digits
    whole = BETWEEN_DIGITS.join(danish)
    if len(danish) == LOCAL:
        whole = rf"(?:\(?(?:(?:\+|00){GAP}*)?45{BETWEEN_DIGITS})?{whole}"
    elif abroad:
        whole = rf"(?:\+|00){BETWEEN_DIGITS}{whole}"
    return rf"(?<!{LETTER}){NO_DATE}{NO_AMOUNT}{whole}(?!{LETTER}|[.,]\d)"
