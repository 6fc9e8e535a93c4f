"""Synthetic prompts: problems that a target model fails, exactly as many as asked, durable and deduplicated.

Start reading at `application` (what is asked of it), `request` (what a generation is asked), `row` (what it makes),
`causes` (why something is no row, and why a generation ended). See docs/prompts.md.
"""
