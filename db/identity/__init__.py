"""Who may come in: orgs, people, programs, and what each of them shows to prove it."""
