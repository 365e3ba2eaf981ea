"""Text generation: a slot is a block of tokens, and what is trained is a language model that writes blocks."""
