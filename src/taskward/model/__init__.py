"""The pure heart: tasks, states, policies, trees. No I/O, no clock, no randomness."""
