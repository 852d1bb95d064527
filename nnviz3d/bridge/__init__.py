"""The only room where numbers meet pictures: source tensors -> GPU columns."""
