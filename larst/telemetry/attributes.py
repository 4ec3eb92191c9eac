"""The names of span attributes and metric labels. Data.

Names outside `larst.` follow OpenTelemetry's semantic conventions for HTTP and generative AI
(opentelemetry.io/docs/specs/semconv, November 2026). They are literals because the Python package
marks its constants for generative AI as moved.
"""

from __future__ import annotations

METHOD = "http.request.method"
METHOD_ORIGINAL = "http.request.method_original"
ROUTE = "http.route"
STATUS = "http.response.status_code"
SCHEME = "url.scheme"
PATH = "url.path"
QUERY = "url.query"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
CLIENT_ADDRESS = "client.address"
USER_AGENT = "user_agent.original"
PROTOCOL_VERSION = "network.protocol.version"
ERROR_TYPE = "error.type"
EXCEPTION_TYPE = "exception.type"
EXCEPTION_MESSAGE = "exception.message"
EXCEPTION_STACKTRACE = "exception.stacktrace"
SESSION_ID = "session.id"

GEN_AI_OPERATION = "gen_ai.operation.name"
GEN_AI_PROVIDER = "gen_ai.provider.name"
GEN_AI_REQUEST_MODEL = "gen_ai.request.model"
GEN_AI_OUTPUT_TYPE = "gen_ai.output.type"
GEN_AI_FINISH_REASONS = "gen_ai.response.finish_reasons"
GEN_AI_INPUT_TOKENS = "gen_ai.usage.input_tokens"
GEN_AI_OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
GEN_AI_CACHE_READ_TOKENS = "gen_ai.usage.cache_read.input_tokens"
GEN_AI_CACHE_WRITTEN_TOKENS = "gen_ai.usage.cache_creation.input_tokens"
GEN_AI_TOKEN_TYPE = "gen_ai.token.type"  # noqa: S105 - a kind of model token, not a secret
GEN_AI_SYSTEM_INSTRUCTIONS = "gen_ai.system_instructions"
GEN_AI_INPUT_MESSAGES = "gen_ai.input.messages"
GEN_AI_OUTPUT_MESSAGES = "gen_ai.output.messages"

REQUEST_ID = "larst.request.id"
RESOURCE = "larst.resource"
ACTION = "larst.action"
PLAN_SOURCE = "larst.plan.source"
PLAN_KEY = "larst.plan.key"
PLAN_ATTEMPT = "larst.plan.attempt"
PLAN_IS_SHARED = "larst.plan.is_shared"
COST_USD = "larst.plan.cost_usd"
IS_PRECONDITION = "larst.is_precondition"
STAGE = "larst.stage"
STORE_METHOD = "larst.store.method"
STORE_CALLS = "larst.store.calls"
