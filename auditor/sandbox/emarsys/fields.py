"""The contact fields of the account: names, types, choices, and how a caller may name a field."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from auditor.sandbox.emarsys.options import FieldDefinition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.sandbox.emarsys.options import EmarsysOptions

EMAIL: Final = 3
COUNTRY: Final = 14
OPT_IN: Final = 31
Key = int | Literal["id", "uid"]

# Number, English name, type, string id. The reference names the type of a few; the rest are text.
_SYSTEM = """
0 Interests|m|interests
1 First Name|t|first_name
2 Last Name|t|last_name
3 E-Mail|t|email
4 Date of Birth|d|birth_date
5 Gender|s|gender
6 Marital Status|t|marital_status
7 Children|t|children
8 Education|t|education
9 Title|t|title
10 Address|t|address
11 City|t|city
12 State|t|state
13 ZIP Code|t|zip_code
14 Country|s|country
15 Phone|t|phone
16 Fax|t|fax
17 Company Position|t|company_position
18 Company|t|company_name
19 Company Department|t|company_department
20 Company Industry|t|company_industry
21 Company Phone|t|company_phone
22 Company Fax|t|company_fax
23 Company Employees|t|company_employees
24 Company Annual Revenue|t|company_annual_revenue
25 URL|t|url
26 Preferred E-Mail Format|t|preferred_email_format
27 Average Visit Duration|t|average_visit_duration
28 Page Views per Day|t|pageviews_per_day
29 Days since Last E-Mail Sent|t|days_since_last_email_sent
31 Opt-In|s|optin
32 Status|t|status
33 Source|t|source
34 Form|t|form
35 Registration Language|t|registration_language
36 Newsletter|t|newsletter
37 Mobile|t|mobile
38 Partner First Name|t|partner_first_name
39 Partner Birth Date|d|partner_birth_date
40 Anniversary|d|anniversary
41 Company Address|t|company_address
42 Company ZIP Code|t|company_zip_code
43 Company City|t|company_city
44 Company State|t|company_state
45 Company Country|t|company_country
46 Salutation|s|salutation
47 E-Mail Valid|t|email_valid
48 Registration Date|d|registration_date
456 Do Not Track Me|t|do_not_track_me
457 Do Not Track Me in E-Mail|t|do_not_track_me_in_email
458 IETF Language Tag|t|ietf_language_tag
"""
_TYPES = {"t": "shorttext", "d": "date", "s": "singlechoice", "m": "multichoice"}
_GERMAN = {1: "Vorname", 2: "Nachname", 4: "Geburtsdatum", 14: "Land"}
_OPT_IN_CHOICES = ((1, "True"), (2, "False"))


class Fields:
    """Look fields up by number, text number or string id, and their names by language.

    Source:
        Emarsys reference 3.1 (how a key may be named) and 3.11 (system fields).
    """

    def __init__(self, key_field: int, options: EmarsysOptions) -> None:
        choices = {OPT_IN: _OPT_IN_CHOICES, COUNTRY: options.country_choices}
        key = FieldDefinition(key_field, "externalId", "shorttext", "externalId")
        known = (*_system_fields(choices), key, *options.custom_fields)
        self.by_id: dict[int, FieldDefinition] = {field.id: field for field in known}
        self._by_name = {field.string_id: field.id for field in known}

    def number(self, name: object) -> int | None:
        """Return the number of the field that `name` means, or None."""
        text = str(name)
        number = int(text) if text.isdecimal() else self._by_name.get(text)
        return number if number in self.by_id else None

    def key(self, name: object) -> Key | None:
        """Return what `name` means as a key: a field number, `id`, `uid`, or None."""
        if name == "id":
            return "id"
        return "uid" if name == "uid" else self.number(name)

    def label(self, number: int, language: str) -> str:
        """Return the field's name in a language; what is not translated stays English."""
        translated = _GERMAN.get(number) if language == "de" else None
        return translated or self.by_id[number].name

    def choice_names(self, number: int) -> dict[str, str]:
        """Return the choices of a field by their id as text."""
        return {str(choice): name for choice, name in self.by_id[number].choices}


def is_language(code: str) -> bool:
    """Tell whether `code` looks like a language code."""
    return re.fullmatch("[a-z]{2}", code) is not None


def _system_fields(
    choices: dict[int, tuple[tuple[int, str], ...]],
) -> Iterable[FieldDefinition]:
    for line in _SYSTEM.strip().splitlines():
        name, kind, string_id = line.split("|")
        number, _, label = name.partition(" ")
        yield FieldDefinition(
            int(number), label, _TYPES[kind], string_id, choices.get(int(number), ())
        )
