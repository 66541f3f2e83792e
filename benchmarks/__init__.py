"""What the library costs over the raw limit: ``python -m benchmarks point fanout fetch load``."""
