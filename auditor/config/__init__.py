"""Settings of one brand, and the only reader of the environment.

`settings` declares the shape, `values` the kinds of text that need more than a type, `reading` turns a
file into plain values without trusting it, and `build` fits the two together, naming the setting
whenever they do not. `place` tells whether the auditor runs where the stores are.
"""

from auditor.config.audiences import Audience
from auditor.config.build import load_settings, load_switch
from auditor.config.place import require_stores_here
from auditor.config.settings import Settings
from auditor.config.systems import OAuth2, Wsse
from auditor.config.values import Secret

__all__ = [
    "Audience",
    "OAuth2",
    "Secret",
    "Settings",
    "Wsse",
    "load_settings",
    "load_switch",
    "require_stores_here",
]
