"""The way in: a source's messages are put into the common vocabulary, and admitted or held, each with its reasons."""
