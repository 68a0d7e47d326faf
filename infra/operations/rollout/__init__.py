"""Commands on rollouts that go on by themselves."""
