"""How well the voices can be understood and how faithful the vocoders are."""
