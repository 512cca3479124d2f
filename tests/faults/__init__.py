"""Trainers that are killed for real."""
