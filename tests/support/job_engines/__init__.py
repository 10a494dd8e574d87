"""Engines of jobs that are not ours, each with one job: run a campaign."""
