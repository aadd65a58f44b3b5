"""The doctor: looks at everything an audit depends on, changes nothing, and says what to do.

`probes` holds one file per area; `run` finds them and puts them in order; `visit` is what they share.
"""
