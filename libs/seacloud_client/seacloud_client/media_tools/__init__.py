"""What the media tools of all frameworks share: arguments, spending, texts for the agent's model, and durability.

An adapter asks and says all this in its framework's way, and decides none of it.
"""
