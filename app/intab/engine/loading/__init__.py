"""From a name to a model that is checked and ready."""
