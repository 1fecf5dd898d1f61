/** What a model that follows the rehearsal does. The same rules stand in demo/rehearsal-script.yaml. */
export interface TriggeredAnswer {
  readonly when: Trigger
  readonly say?: string
  readonly calls?: readonly ScriptedCall[]
  readonly firstTokenMs?: number
  /** Between two words; without it all text comes at once. */
  readonly tokenMs?: number
  /**
   * `error` fails at once, `empty` completes with nothing, `reasoning` thinks and says nothing,
   * `break` hangs up after half of the words, `stall` falls silent there for 6 s.
   */
  readonly fault?: 'error' | 'empty' | 'reasoning' | 'break' | 'stall'
}

interface Trigger {
  /** A regular expression on the last user text, in any case; the tail must be the user's, unless `toolResult` is set. */
  readonly user?: string
  /** The tail is a tool's result: of this tool, or of any. */
  readonly toolResult?: string | true
  readonly result?: string
  readonly tail?: 'assistant' | 'none'
}

interface ScriptedCall {
  readonly name: string
  readonly arguments: Readonly<Record<string, string | number>>
}

/** A name that no request offers. */
export const UNOFFERED_TOOL = 'launch_rocket'

const REASON = 'The caller asked for it'
const FAREWELL = 'Goodbye and good luck.'
const BRIEFING = 'A caller from the rehearsal'
const NUMBER = '+15550100'

const OLD_TRANSFER = {
  name: 'transfer_to_number',
  arguments: {
    reason: REASON,
    transfer_number: NUMBER,
    client_message: 'One moment.',
    agent_message: BRIEFING,
  },
}
const NEW_TRANSFER = {
  name: 'transfer_to_number',
  arguments: { transfer_number: NUMBER, agent_message: BRIEFING },
}

const STORY =
  'This is the long story of {{user.1}}. Once there was a clerk who answered every call by the first ring and never spoke too soon and never said a thing twice and everybody liked that.'

/** Tried in this order; the first that fits answers. */
export const TRIGGERED_ANSWERS: readonly TriggeredAnswer[] = [
  { when: { toolResult: 'look_up_order' }, say: 'Your order is {{result.status}}.' },
  { when: { toolResult: 'place_order' }, say: 'Your order is {{result.status}}.' },
  { when: { toolResult: 'transition_to_billing' }, say: 'Billing here.' },
  { when: { toolResult: true, result: 'success' }, say: 'That is done.' },
  {
    when: { toolResult: 'end_call' },
    calls: [{ name: 'end_call', arguments: { reason: REASON } }],
  },
  { when: { toolResult: 'transfer_to_number' }, calls: [NEW_TRANSFER] },
  { when: { toolResult: true }, say: 'I could not do that.' },

  { when: { tail: 'none' }, say: 'Welcome to the rehearsal.' },
  { when: { tail: 'assistant' }, say: 'Are you still there?' },
  { when: { user: String.raw`^[.\u2026\s]*$` }, say: 'Are you still there?' },

  { when: { user: 'just say (\\w+)' }, say: 'Alright: {{user.1}}.' },
  thinking('two', 2000),
  thinking('nine', 9000),
  thinking('twelve', 12_000),
  { when: { user: 'slowly say (.+)' }, firstTokenMs: 1500, say: 'Slowly: {{user.1}}.' },
  { when: { user: 'long story about (\\w+)' }, tokenMs: 120, say: STORY },
  { when: { user: 'fall silent about (\\w+)' }, fault: 'stall', say: STORY },
  { when: { user: 'break off about (\\w+)' }, fault: 'break', say: STORY },
  { when: { user: 'fail at once' }, fault: 'error' },
  { when: { user: 'say nothing at all' }, fault: 'empty' },
  { when: { user: 'only think about it' }, fault: 'reasoning' },

  {
    when: { user: 'status of order (\\w+)' },
    calls: [{ name: 'look_up_order', arguments: { order: '{{user.1}}' } }],
  },
  {
    when: { user: 'place order (\\w+)' },
    firstTokenMs: 1000,
    calls: [{ name: 'place_order', arguments: { order: '{{user.1}}' } }],
  },
  call('speak spanish', 'language_detection', { reason: REASON, language: 'es' }),
  call('end the call without a reason', 'end_call', {}),
  call('end the call the old way', 'end_call', { reason: REASON, message: FAREWELL }),
  call('end the call the new way', 'end_call', {
    reason: REASON,
    system__message_to_speak: FAREWELL,
  }),
  call('transfer me the old way', OLD_TRANSFER.name, OLD_TRANSFER.arguments),
  call('transfer me the new way', NEW_TRANSFER.name, NEW_TRANSFER.arguments),
  call('transfer me without a briefing', 'transfer_to_number', { transfer_number: NUMBER }),
  call('transfer me to billing', 'transfer_to_agent', { agent_number: 1, reason: REASON }),
  call('give me a moment', 'skip_turn', { reason: REASON }),
  call('show me the map', 'show_map', { place: 'Oslo' }),
  call('write a ticket', 'write_ticket', { subject: 'Rehearsal' }),
  call('go to billing', 'transition_to_billing', {}),
  call('launch the rocket', UNOFFERED_TOOL, {}),

  { when: {}, say: 'You said: {{user}}' },
]

function thinking(number: string, firstTokenMs: number): TriggeredAnswer {
  return {
    when: { user: `think for ${number} seconds about (\\w+)` },
    firstTokenMs,
    say: 'I thought about {{user.1}}.',
  }
}

function call(user: string, name: string, args: ScriptedCall['arguments']): TriggeredAnswer {
  return { when: { user }, calls: [{ name, arguments: args }] }
}
