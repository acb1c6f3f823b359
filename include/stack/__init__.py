"""The embedded stack: which programs run, with which settings, and how they are started, watched and stopped."""
