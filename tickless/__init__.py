"""Spiking networks trained once, run at any time step or none, in open hardware."""
