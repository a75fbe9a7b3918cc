"""CRPS Diary: a diary for patients, its desk for the site, its door for the trial database."""
