"""The expect stage: Great Expectations judges the drift and the canonical tables."""
