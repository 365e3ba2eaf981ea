"""The collapse profile: eight meanings of one word, each with its own quantity and verdict. Never a total score."""
