"""Providers: who answers a request. Each satisfies `synqc.llm.provider.Provider` and is a module of its own.

A provider takes a `Request` and gives a `Completion`, a stream of text, or the `LanguageModelError` of the call's one
`Outcome`, through the same doors as `LanguageModels`: `submit`, `complete`, `acomplete`, `stream`, `astream`, `close`
and `aclose`. It says its `name`, how many calls it serves at a time (`most_at_once`), and whether what is asked stays
on this machine (`is_local`). Cancelling ends the work where it is done. Importing this package loads none of them:
what a provider needs is an extra of its own.
"""
