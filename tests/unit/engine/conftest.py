from hypothesis import settings

# How long an example takes says nothing about the code on a shared machine.
settings.register_profile("engine", deadline=None)
settings.load_profile("engine")
