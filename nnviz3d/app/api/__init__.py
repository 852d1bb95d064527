"""The functions of `import nnviz3d`."""
