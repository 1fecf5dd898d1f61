import { startUpstreamServer, type Reply } from './upstream-server.ts'
import { createGate, type Gate } from './gate.ts'

/** What the caller hears of a wish; the model says nothing of its own. */
export const DONE = 'It is done.'
export const UNSURE = 'I cannot tell whether that worked.'
export const NOT_DONE = 'That was not done.'
export const NOTHING_TO_DO = 'Very well.'
/** Said before the tool is called, where the caller asks for it to be done slowly. */
export const BEFORE = 'Let me see to that for you now. '

/** When the model is asked about a wish: for the first time, or with what came of it. */
type Moment = 'asked' | 'told'

type Messages = readonly {
  readonly role: string
  readonly content: unknown
  readonly tool_call_id?: string
}[]

/**
 * A model that does as the caller says: `TOOL WISH` calls the tool, and so does a later `Yes`, unless
 * they say never mind.
 */
export interface FaultModel {
  readonly url: string
  /** Requests about a wish so far. */
  readonly asked: (wish: string) => readonly Messages[]
  /** The next request about the wish waits until it is released. */
  readonly hold: (wish: string, moment: Moment) => Gate
  readonly close: () => Promise<void>
}

const WISH = /\b([a-z_]+) ([a-z]+-[a-z0-9-]+)/

export async function startFaultModel(): Promise<FaultModel> {
  const server = await startUpstreamServer()
  const gates = new Map<string, Gate>()
  server.always(async ({ body }) => {
    const { messages } = body
    const { tool, wish } = wishIn(messages)
    const isTold = messages.at(-1)?.role === 'tool'
    const moment = `${isTold ? 'told' : 'asked'} ${wish}`
    const gate = gates.get(moment)
    gates.delete(moment)
    gate?.reach()
    await gate?.released
    return isTold ? { say: wordsFor(messages) } : callFor(messages, { tool, wish })
  })
  return {
    url: server.url,
    asked: (wish) =>
      server.requests
        .map(({ body }) => body.messages)
        .filter((messages) => wishIn(messages).wish === wish),
    hold(wish, moment) {
      const gate = createGate()
      gates.set(`${moment} ${wish}`, gate)
      return gate
    },
    close: () => server.close(),
  }
}

interface Wish {
  readonly tool: string
  readonly wish: string
}

/** The last one that the caller has named. */
function wishIn(messages: Messages): Wish {
  const said = messages.filter(({ role }) => role === 'user').map(({ content }) => String(content))
  const [, tool = '', wish = ''] = said.map((text) => WISH.exec(text)).findLast(Boolean) ?? []
  return { tool, wish }
}

function callFor(messages: Messages, { tool, wish }: Wish): Reply {
  const last = String(messages.findLast(({ role }) => role === 'user')?.content)
  const isWished = (last.includes(wish) || last.startsWith('Yes')) && !last.includes('never mind')
  if (!isWished) return { say: NOTHING_TO_DO }
  const calls = [{ name: tool, arguments: { wish } }]
  return last.includes('slowly') ? { say: BEFORE, calls } : { calls }
}

function wordsFor(messages: Messages): string {
  const content = String(messages.at(-1)?.content)
  if (!content.startsWith('{"error"')) return DONE
  return /not known/.test(content) ? UNSURE : NOT_DONE
}
