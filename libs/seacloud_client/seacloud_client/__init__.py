"""SeaCloud's models without a framework: chat over three protocols, and the asynchronous media queue."""
