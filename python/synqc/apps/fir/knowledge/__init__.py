"""Knowledge base of the penal code: facts of it, an operator's texts, and the search in both."""
