"""An assistant that suggests and explains, and cannot act: a language model between two checks.

What goes to the model is a snapshot; what comes back is parsed, merged, clipped, validated and simulated before anybody
sees it, and written down.
"""

from synqc.apps.tds.agent.agent import Agent, Suggestion, agent_of, why_there_is_none
from synqc.apps.tds.agent.audit import AgentCall, Record
from synqc.apps.tds.agent.chat import count_chat, placeholder_reply, reply_in
from synqc.apps.tds.agent.errors import AgentAbsent, AgentFailed, GoalBlank, SuggestionInvalid

__all__ = [
    "Agent",
    "AgentAbsent",
    "AgentCall",
    "AgentFailed",
    "GoalBlank",
    "Record",
    "Suggestion",
    "SuggestionInvalid",
    "agent_of",
    "count_chat",
    "placeholder_reply",
    "reply_in",
    "why_there_is_none",
]
