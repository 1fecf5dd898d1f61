import type { Speaker } from '../sockets/socket-turns.ts'
import { strongest } from './actions.ts'
import {
  decideOutcomes,
  toStep,
  toToolFrame,
  toTranscript,
  type Call,
  type Message,
} from './action-calls.ts'
import type { ResponseFlags, SendFrame } from './outgoing-frame.ts'

interface Options extends Pick<Parameters<typeof decideOutcomes>[1], 'actions' | 'variablesAfter'> {
  /** The `response_id` that Retell asked with. */
  readonly id: number
  readonly send: SendFrame
  readonly flushed: () => Promise<void>
  readonly showsTools: boolean
  /** Nothing else is to be said in the meantime. */
  readonly isCurrent: () => boolean
  /** The model may be asked once more. */
  readonly canGoOn: () => boolean
  /** The calls are to be made again if the same is asked again. */
  readonly keepUndelivered: () => void
}

/** One answer to Retell, be it of several steps of the model: it has one end. */
export interface Answer {
  readonly speaker: Speaker
  /** What was said and done in the last step, if the model is to go on from there; else null. */
  takeStep(): readonly Message[] | null
}

export function createAnswer(options: Options): Answer {
  const { id, send, isCurrent } = options
  let said = ''
  let isGapDue = false
  let calls: readonly Call[] = []
  let flags: readonly ResponseFlags[] = []
  let step: readonly Message[] | null = null

  function say(content: string, isLast = false, more: ResponseFlags = {}) {
    const frame = { response_type: 'response', response_id: id, content } as const
    return send({ ...frame, content_complete: isLast, ...more })
  }

  /** A voice glues what comes next to a text without a space at its end. */
  function afterGap(text: string): string {
    const gap = isGapDue && !/^\s/.test(text) ? ' ' : ''
    isGapDue = false
    return gap + text
  }

  async function act(): Promise<void> {
    const hasDigit = flags.some((each) => each.digit_to_press !== undefined)
    const done = await decideOutcomes({ said, calls, hasDigit }, options)
    if (!isCurrent()) return
    for (const each of done) {
      if (options.showsTools) for (const frame of toTranscript(each)) void send(frame)
      if (each.outcome.type === 'frame') void send(each.outcome.frame)
    }
    const wanted = done.flatMap(({ outcome }) => (outcome.type === 'flags' ? [outcome] : []))
    flags = [...flags, ...wanted.map((outcome) => outcome.flags)]
    const isOver = wanted.some((outcome) => outcome.ends) || !options.canGoOn()
    if (!isOver) step = toStep(said, done)
  }

  return {
    speaker: {
      onText(text) {
        said += text
        return say(afterGap(text))
      },
      onCall: (call) => void (calls = [...calls, call]),
      onServerTool(event) {
        if (options.showsTools) void send(toToolFrame(event))
      },
      async onEnd({ isSuperseded }) {
        // What has taken its place decides what is done.
        if (isSuperseded) flags = []
        else if (calls.length > 0) await act()
        if (!isCurrent()) return
        if (!step) await say('', true, strongest(flags))
        await options.flushed()
        // Retell forgets what it was to do when the caller speaks over the words.
        if (calls.length > 0 && isCurrent()) options.keepUndelivered()
      },
    },
    takeStep() {
      const taken = step
      if (said !== '') isGapDue = !/\s$/.test(said)
      step = null
      said = ''
      calls = []
      return taken
    },
  }
}
