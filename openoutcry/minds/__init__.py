"""What a language model's answer must be before it counts: read strictly, its figures checked against this round's results."""
