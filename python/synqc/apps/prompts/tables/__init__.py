"""Tables of generations, their rows and the calls that made them, beside the ledger's."""
