"""Judging again only what was touched since the last run, with the same answers as judging everything.

`marks` tells what changed, `touched` whom that concerns, `part` holds the rows of these beside the whole.
The selects of the topics know nothing of it: over the part they are the same as over everything.
"""
