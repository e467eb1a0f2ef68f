"""Searching a strategy's parameters: the space, the candidates, their evaluation and what may be believed of the best."""
