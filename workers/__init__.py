"""What ``outcry worker`` runs: jobs from the queue, each computed in a process of its own. One file per kind in ``kinds/``."""
