"""imgui panels: (Scene, Readout) -> Answer. Sees spec only."""
