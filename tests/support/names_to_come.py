"""Names on the pages that are not in the code yet: once one is there, its test fails until it is deleted here."""

from __future__ import annotations

from typing import Final

NAMES_TO_COME: Final = frozenset(
    """
_admission/dispatcher: Dispatcher
_admission/dispatcher: Dispatcher.let_in_now
_admission/dispatcher: Dispatcher.look_again
_admission/lines: Lines
_admission/pacer.py
_admission/pacer: Pacer
_admission/place: Admission
_admission/place: Place
_admission/ticket: Terms
_core/answer_rows: AnswerRow
_core/backoff: Outage
_core/happened: Answer
_core/happened: NoAnswer
_core/happened: NotSent
_core/intake: Judge
_core/intake: Judge.judge
_core/intake: Letter
_core/layers: Layer
_core/layers: Wait
_core/layers: layers
_core/outcome_facts: FATAL
_core/outcome_table.py
_core/provider.py
_core/provider: encode
_http/answer_reading: read_answer
_http/engine: Engine
_http/error_meaning: meaning_of
_http/httpx_engine: HttpxEngine
_http/post_progress.py
_http/post_progress: PostProgress.about_to_leave
_sending/attempt: attempt
_sending/bulk: BulkSend
_sending/client_parts.py
_sending/client_parts: ClientParts.sender
_sending/deliveries: Deliveries
_sending/deliveries: Deliveries.start
_sending/reader: InputReader
_sending/reader: InputReader.begin
_sending/report: wait_for_report
_sending/request.py
_sending/request: BatchRequest
_sending/request: BatchRequest.post
_sending/send_options: SendOptions
_sending/send_options: SendOptions.lookahead
_sending/sender.py
_sending/sender: Sender
_sending/sending_handle: open_handle
_sending/session: Session
_sending/session: Session.enter
_sending/session: Session.open
_sending/session: Session.options
benchmarks/soak/keepalive.py
campaign/handle: LedgerHandle
campaign/handle: LedgerHandle.do
campaign/preparation: prepare
campaign/recorder: Recorder.begin
campaign/recorder: Recorder.end
campaign/runner: Runner.delivered
cli/exits: ending_well
cli/options: SendOptions
cli/permission: ask
cli/route: open_route
cli/send/commands: send
cli/send/preview: preview
quota/_redis/
quota/_sqlite/
tools/torture/campaigns.py
""".strip().splitlines()
)
