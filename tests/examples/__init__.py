"""The examples, run as their READMEs say, each in an environment of its own."""
