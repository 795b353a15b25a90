"""What the emulator answers, whatever the protocol: a `Question` goes in, an `Answer` comes out.

A protocol's file translates its JSON into the one and the other back into its JSON.
"""
