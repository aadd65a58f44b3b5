"""A fake Emarsys account on the wire, built from the vendor reference, with a switch per unknown.

`app.emarsys_app` serves a `world.model.EmarsysAccount`; `open_data.write_open_data` puts the tables
of Open Data into a database. Every request changes the account in memory, never a file.
"""
