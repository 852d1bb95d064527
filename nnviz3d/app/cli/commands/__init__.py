"""What the commands do, one module each. The command line itself, with every option's help, is nnviz3d/app/cli/main.py."""
