"""The HTTP front ends: the native API, its documentation, and what operators probe."""
