"""The starter model's corpus: hand-written material and the grammar that multiplies it."""
