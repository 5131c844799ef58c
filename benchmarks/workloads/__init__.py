"""What is trained for measurements: one description for all frameworks with PyTorch's names."""

from benchmarks.workloads import images, sequences, vectors
from benchmarks.workloads.description import Workload, batches, initial_weights

__all__ = ["TINY", "WORKLOADS", "Workload", "batches", "initial_weights"]

TINY = vectors.TINY  # what is run before anything is measured
WORKLOADS: dict[str, Workload] = {
    workload.name: workload for family in (vectors, images, sequences) for workload in family.WORKLOADS
}
