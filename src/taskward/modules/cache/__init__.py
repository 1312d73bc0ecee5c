"""The module `cache`: finds and clears what the hosts of a P2P download network keep."""
