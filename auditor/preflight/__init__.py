"""Go or no-go on exactly the audience that is about to be mailed."""
