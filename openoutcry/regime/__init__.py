"""Which of five regimes a market is in: features, a hidden Markov model run forward only, labels, confirmation.

Nothing here fits a model but ``training``, which alone imports hmmlearn; no process of the floor imports it.
"""
