"""Labelled datasets → text → scores: one definition of a task for all its uses."""
