"""Small lists of names by country, and how a name becomes part of an e-mail address."""

from __future__ import annotations

import unicodedata

PEOPLE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "SE": (
        ("Åsa", "Björn", "Göran", "Märta", "Elsa", "Linnéa", "Örjan", "Karin", "Nils", "Saga"),
        ("Öberg", "Lindström", "Åkesson", "Sjögren", "Nyström", "Berg", "Hägg", "af Klint"),
    ),
    "NO": (
        ("Bjørn", "Åse", "Ingrid", "Håkon", "Sølvi", "Kari", "Øyvind", "Maren", "Torbjørn"),
        ("Ødegård", "Bråten", "Hansen", "Sæther", "Nygård", "Lie", "Strøm", "Moen"),
    ),
    "DK": (
        ("Søren", "Mette", "Jørgen", "Kirsten", "Æbbe", "Freja", "Niels-Ole", "Signe"),
        ("Sørensen", "Møller", "Kjær", "Ågaard", "Højgaard", "Bech", "Brøndum", "Lund"),
    ),
    "FI": (
        ("Päivi", "Aino", "Väinö", "Eero", "Jääskä", "Outi", "Mikko", "Ylermi"),
        ("Mäkinen", "Hämäläinen", "Virtanen", "Väyrynen", "Niemi", "Lehtonen", "Kärkkäinen"),
    ),
    "DE": (
        ("Jürgen", "Käthe", "Łukasz", "Şebnem", "Jörg", "Anke", "Bärbel", "Zoë", "Till"),
        ("Müller", "Groß", "Weiß", "Schröder", "Wiśniewski", "Çelik", "Köhler", "von der Heide"),
    ),
    "FR": (
        ("Zoé", "François", "Hélène", "Noël", "Chloé", "Jean-René", "Maïwenn", "Agnès"),
        ("Lefèvre", "D'Aubigné", "Garçon", "Bœuf", "Desprès", "Saint-Exupéry", "Dubois"),
    ),
    "NL": (
        ("Daniël", "Zoë", "Sjoerd", "Anouk", "Renée", "Joost", "Maaike", "Ruben"),
        ("van der Berg", "Coëlho", "de Vries", "Brouwer", "Jansen", "Meijer", "'t Hart"),
    ),
    "GB": (
        ("Siân", "Oliver", "Niamh", "Seán", "Harriet", "George", "Isla", "Rhys"),
        ("O'Neill", "Smith", "Llewellyn", "MacGregor", "Brontë", "Taylor", "Ó Briain"),
    ),
    "US": (
        ("José", "Ashley", "Renée", "Tyler", "María", "Jackson", "Beyza", "Noah"),
        ("Nuñez", "Johnson", "Muñoz", "Lee", "Peña", "Williams", "Smith-Jones", "Ng"),
    ),
    "JP": (
        ("陽菜", "蓮", "さくら", "大翔", "美咲", "悠真"),
        ("佐藤", "鈴木", "高橋", "田中", "渡辺", "小林"),
    ),
}

DOMAINS = ("mail.example", "post.example", "brev.example", "inbox.example", "example.com")

_ROMAN = {
    "陽菜": "hina",
    "蓮": "ren",
    "さくら": "sakura",
    "大翔": "hiroto",
    "美咲": "misaki",
    "悠真": "yuma",
    "佐藤": "sato",
    "鈴木": "suzuki",
    "高橋": "takahashi",
    "田中": "tanaka",
    "渡辺": "watanabe",
    "小林": "kobayashi",
}
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "ß": "ss", "ł": "l", "œ": "oe"})


def fold(name: str) -> str:
    """Return the letters of a name as lower-case ASCII, the way people spell it in an address."""
    spelled = _ROMAN.get(name, name).lower().translate(_LETTERS)
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain if letter.isalnum())


FOLDED = {name: fold(name) for pair in PEOPLE.values() for names in pair for name in names}
