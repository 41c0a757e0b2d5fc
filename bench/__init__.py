"""The benchmarks: what each thing costs, beside the floor that it stands on, in one run."""
