"""CRPS Diary: a daily diary for patients, its desk for the site, its door for the trial database."""
