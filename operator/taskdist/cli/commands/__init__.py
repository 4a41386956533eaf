"""One module per command, loaded when the command is called: starting ``taskdist plan`` must not pay for the others."""
