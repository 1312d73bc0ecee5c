"""The engine: claims tasks, runs their bodies, tells how they ended, and keeps house."""
