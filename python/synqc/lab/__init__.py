"""The laboratory: experiments, sweeps, solvers, devices, pictures. Its names are re-exported by `synqc`."""
