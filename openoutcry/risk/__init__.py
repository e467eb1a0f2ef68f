"""What the floor may risk: the gate every order passes, sizes, plans, and the figures that measure risk."""
