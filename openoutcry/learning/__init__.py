"""What the floor learns of its voices: how far each can be believed, and what each should weigh."""
