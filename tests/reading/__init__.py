"""Reading compared with the Python libraries, on real models and hundreds of real texts."""
