"""Our scores against lm-evaluation-harness on one model: ``python -m benchmarks.agreement``."""
