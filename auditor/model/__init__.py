"""The nouns every stage speaks: frozen values and table declarations, no behaviour of a stage."""
