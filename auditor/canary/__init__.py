"""The canary: known drift, planted into a shadow copy of a sample, that every check has to find.

A check that somebody switched off, or that broke in silence, looks just like a check that finds
nothing. So each scheduled audit makes a copy of some of its rows, plants one case of every check
there and judges the copy with the same terms and the same suites. Nothing of it touches the brand's
own tables, and the sandbox has no part in it: a plant is a few canonical rows.
"""
