"""numpy Ops (the reference), CupyOps (overrides where a kernel pays), the CUDA kernels. The only package that imports cupy or cuda."""
