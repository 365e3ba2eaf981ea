"""Small worlds whose truth is known exactly, and the laws that retraining on their own draws obeys."""
