"""What will happen and why: the identity of work, the one decision, and the plan."""
