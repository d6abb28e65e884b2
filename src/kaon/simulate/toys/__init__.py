"""Events without physics, of which everything is known: pictures to learn recognition on."""
