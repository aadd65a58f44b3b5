"""Every statement of judging, as each engine's dialect writes it."""
