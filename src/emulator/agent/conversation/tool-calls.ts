import { randomBytes } from 'node:crypto'
import type { HeardCall } from '../../rehearsal/heard-output.ts'
import { isRecord, parseJson, type Json } from '../../rehearsal/json.ts'
import { missingArguments } from '../../rehearsal/platform-tools.ts'
import type { Agent, AgentTool, Handover, PlatformTools, ToolRun } from '../agent.ts'
import { INTERRUPTED, type ClientCalls } from './client-calls.ts'
import type { Outbox } from './outbox.ts'
import { createUtterance } from './utterance.ts'

export interface ToolNeeds {
  readonly agent: Agent
  readonly tools: PlatformTools
  readonly clientCalls: ClientCalls
  readonly outbox: Outbox
  readonly log: (line: string) => void
}

/** The calls of one answer, all running at once. */
export interface RunningCalls {
  readonly calls: readonly HeardCall[]
  /** Once all have a result, or one of them ends the conversation. */
  readonly settled: Promise<CallsOutcome>
  /** The user speaks: what has no result yet gets that of an interrupted call. */
  readonly interrupt: () => readonly ToolRun[]
}

interface CallsOutcome {
  /** In the order of the calls. */
  readonly runs: readonly ToolRun[]
  readonly endsConversation: boolean
  /** The agent is to keep quiet until the user speaks. */
  readonly skipsTurn: boolean
  readonly handover?: Handover | undefined
}

interface Run extends ToolRun {
  readonly endsConversation?: boolean
  readonly isCalled?: boolean
  readonly handover?: Handover
}

export function runCalls(
  heard: readonly HeardCall[],
  needs: ToolNeeds,
  signal: AbortSignal,
): RunningCalls {
  const calls = withIds(heard)
  const results = new Map<HeardCall, Run>()
  const settled = new Promise<CallsOutcome>((resolve, reject) => {
    const runOne = async (call: HeardCall): Promise<Run> => {
      const run = await timedRun(call, { ...needs, signal })
      if (signal.aborted) return run
      results.set(call, run)
      report(call, run, needs)
      if (run.endsConversation) resolve({ runs: [], endsConversation: true, skipsTurn: false })
      return run
    }
    Promise.all(calls.map(runOne)).then((runs) => resolve(toOutcome(calls, runs)), reject)
  })
  return {
    calls,
    settled,
    interrupt: () =>
      calls.map((call) => {
        const run = results.get(call) ?? INTERRUPTED
        if (!results.has(call)) report(call, run, needs)
        return run
      }),
  }
}

function toOutcome(calls: readonly HeardCall[], runs: readonly Run[]): CallsOutcome {
  const skipsTurn = calls.some(({ name }, index) => name === 'skip_turn' && !runs[index]?.isError)
  const handover = runs.find((run) => run.handover)?.handover
  return { runs, endsConversation: false, skipsTurn, handover }
}

interface CallNeeds extends ToolNeeds {
  readonly signal: AbortSignal
}

async function timedRun(call: HeardCall, needs: CallNeeds): Promise<Run> {
  const startedAt = performance.now()
  const tool = toolOf(call, needs)
  const run = await runCall(call, tool, needs)
  const took = `${Math.round(performance.now() - startedAt)} ms`
  const limit = tool ? ` of ${tool.responseTimeoutMs} ms` : ''
  const ending = needs.signal.aborted ? '  interrupted' : run.isError ? '  error' : ''
  needs.log(`tool ${call.name}  ${took}${limit}${ending}`)
  return run
}

function toolOf(call: HeardCall, { agent }: ToolNeeds): AgentTool | undefined {
  return agent.tools.find(({ name }) => name === call.name)
}

async function runCall(
  call: HeardCall,
  tool: AgentTool | undefined,
  needs: CallNeeds,
): Promise<Run> {
  const parameters = call.arguments.trim() === '' ? {} : parseJson(call.arguments)
  if (!tool) return refused(`The agent has no tool ${call.name}.`)
  if (!isRecord(parameters)) return refused('The arguments are not a JSON object.')
  const missing = missingArguments(tool.offered, call.arguments.trim() || '{}')
  if (missing.length > 0) return refused(`Missing required arguments: ${missing.join(', ')}.`)
  switch (tool.kind) {
    case 'client':
      return runClientTool(call, { tool, parameters }, needs)
    case 'webhook':
      announce(call, tool.kind, needs.outbox)
      return needs.tools.runWebhook(call.name, call.arguments, needs.signal)
    case 'system':
      return runSystemTool(call, needs)
  }
}

async function runClientTool(
  call: HeardCall,
  { tool, parameters }: { readonly tool: AgentTool; readonly parameters: Json },
  { outbox, clientCalls, log, signal }: CallNeeds,
): Promise<Run> {
  const eventId = announce(call, 'client', outbox)
  if (!outbox.isWanted('client_tool_call')) {
    log(`tool ${call.name}  the client is not told: client_events lacks client_tool_call`)
  }
  const result = tool.expectsResponse
    ? clientCalls.wait(call.id, tool.responseTimeoutMs, signal)
    : { result: 'Client tool execution successful.', isError: false }
  outbox.send({
    type: 'client_tool_call',
    client_tool_call: {
      tool_name: call.name,
      tool_call_id: call.id,
      parameters,
      event_id: eventId,
    },
  })
  return result
}

function runSystemTool(call: HeardCall, { tools, outbox }: CallNeeds): Run {
  const { spokenText, ...run } = tools.runSystem(call.name, call.arguments)
  const utterance = createUtterance(outbox)
  utterance.say(spokenText)
  utterance.finish()
  return run
}

function announce(call: HeardCall, kind: 'client' | 'webhook', outbox: Outbox): number {
  const eventId = outbox.nextEventId()
  outbox.send({
    type: 'agent_tool_request',
    agent_tool_request: {
      tool_name: call.name,
      tool_call_id: call.id,
      tool_type: kind,
      event_id: eventId,
    },
  })
  return eventId
}

function report(call: HeardCall, run: Run, needs: ToolNeeds): void {
  // Clients take any response of this name for the end of the conversation.
  if (call.name === 'end_call' && !run.endsConversation) return
  const { outbox } = needs
  outbox.send({
    type: 'agent_tool_response',
    agent_tool_response: {
      tool_name: call.name,
      tool_call_id: call.id,
      tool_type: toolOf(call, needs)?.kind ?? 'client',
      is_error: run.isError,
      is_called: run.isCalled ?? true,
      event_id: outbox.nextEventId(),
    },
  })
}

/** A call that does not run: the model hears why, and may ask again. */
function refused(result: string): Run {
  return { result, isError: true, isCalled: false }
}

/** Results are told apart by their call's id, so one that is missing or there twice is replaced. */
function withIds(calls: readonly HeardCall[]): readonly HeardCall[] {
  const seen = new Set<string>()
  return calls.map((call) => {
    const isUsable = call.id !== '' && !seen.has(call.id)
    const id = isUsable ? call.id : `call_${randomBytes(8).toString('hex')}`
    seen.add(id)
    return { ...call, id }
  })
}
