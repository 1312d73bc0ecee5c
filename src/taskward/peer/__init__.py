"""The embedded download network: scheduler and peers; they speak Dragonfly's gRPC, and HTTP for the bytes."""
