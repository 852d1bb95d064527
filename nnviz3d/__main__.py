"""`python -m nnviz3d` is the command `nnviz3d`."""

from nnviz3d.app.cli.main import main

if __name__ == "__main__":
    main()
