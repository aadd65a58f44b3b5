"""Letters to the owners: written, kept until a mail server has taken them, and never sent twice."""
