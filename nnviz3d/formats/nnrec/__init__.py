"""Recordings of training (.nnrec): their index, reading and writing."""
